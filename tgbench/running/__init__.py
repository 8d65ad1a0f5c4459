"""Running cases: plan, fit, render, measure, write."""
