"""Photographs of forms, tables and grids: their structure, their cells, and what stands in each."""
