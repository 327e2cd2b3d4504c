"""What `check --deploy` says about a deployment, each with what to do (docs/deploy.md)."""

from portal.deploy_checks import database, directories, site

CHECKS = (*directories.CHECKS, *site.CHECKS, *database.CHECKS)
