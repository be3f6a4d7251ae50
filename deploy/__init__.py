"""Running the product: a local broker, a demonstration, and later charts and dashboards."""
