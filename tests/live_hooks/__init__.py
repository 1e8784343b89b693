"""``mpr hook`` under the coding agents themselves: by hand, for it needs npm and hundreds of megabytes."""
