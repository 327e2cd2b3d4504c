"""What happens to twenty of the affiliates of the retail records, and the table of what they come to."""
