"""What crosses a wire: inputs, carried state, views, deliveries, people, names and ids."""
