//! What every chip back end shares: chip files, loads, floorline, manifest.
