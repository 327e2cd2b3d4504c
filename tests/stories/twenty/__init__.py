"""Twenty of the affiliates of the retail records with special events, and the tables of their expected figures."""
