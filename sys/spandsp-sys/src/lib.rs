//! Raw bindings to libspandsp, made by bindgen
