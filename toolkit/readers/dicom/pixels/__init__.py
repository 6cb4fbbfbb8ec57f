"""One frame of a mammogram: where its bytes lie, decoded, in grey, and as it hangs."""
