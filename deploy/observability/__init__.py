"""Rules for Prometheus and dashboards for Grafana, written as code: ``python -m deploy.observability``."""
