"""The dashboard: a web app, built by Vite into `dist/`, which the API serves."""
