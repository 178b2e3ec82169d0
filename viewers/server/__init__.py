"""The web studio's server: a gallery, jobs in processes of their own, and the page."""
