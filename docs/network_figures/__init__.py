"""The figures of docs/networks.md, and the small networks in them."""
