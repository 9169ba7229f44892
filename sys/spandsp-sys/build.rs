//! Finds libspandsp 0.0.6 and libtiff through pkg-config and runs bindgen over the public header.
//!
//! Only an allowlist is bound: without one the header defines `FP_NORMAL` and its relations twice
//! and drags `long double` functions of libm in, which Rust cannot express. The state structs stay
//! opaque; `spandsp/expose.h` and `spandsp/private/` are left out on purpose.

use std::env;
use std::path::PathBuf;
use std::process::exit;

/// Function families used by `tipring-spandsp`. A new wrapper starts by naming its family here.
const FUNCTIONS: &[&str] = &[
    "dtmf_(tx|rx).*",
    "modem_connect_tone.*",
    "adsi_.*",
    "fax_(init|free|rx|tx|set_.*|get_t30_state)",
    "t30_(set|get)_.*",
    "t30_(call_active|terminate|completion_code_to_str|frametype)",
    "v8_(init|free|rx|tx)",
    "v22bis_(init|free|rx|tx|tx_power|get_current_bit_rate)",
    "(fsk|v17|v27ter|v29)_(rx|tx)(_init|_free|_restart)?",
    "(fsk|v17|v27ter|v29)_(tx_power|rx_signal_(cutoff|power))",
    "(v17|v29)_rx_set_qam_report_handler",
    "span_set_(message|error)_handler",
    // libspandsp reads and writes pages through libtiff, which reports to stderr unless it is switched off.
    "TIFFSet(Error|Warning)Handler",
];

/// Constants, by prefix.
const CONSTANTS: &[&str] = &[
    "T30_.*",
    "T4_COMPRESSION_.*",
    "MODEM_CONNECT_TONES_.*",
    "ADSI_STANDARD_.*",
    "CLASS_.*",
    "MCLASS_.*",
    "CLIP_.*",
    "MAX_DTMF_DIGITS",
    "FSK_(V21CH2|FRAME_MODE_SYNC)",
    "SIG_STATUS_.*",
    "preset_fsk_specs",
];

/// Constants of named enumerations.
const ENUMERATIONS: &[&str] = &["v8_(call_function|modulation|protocol|status)_e"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");

    let spandsp = pkg_config::Config::new()
        .range_version("0.0.6".."0.1")
        .probe("spandsp")
        .unwrap_or_else(|error| {
            fail(&format!(
                "libspandsp 0.0.6 was not found by pkg-config; install it with: \
                 apt-get install libspandsp-dev pkg-config ({error})"
            ))
        });
    let tiff = pkg_config::Config::new()
        .probe("libtiff-4")
        .unwrap_or_else(|error| {
            fail(&format!(
                "libtiff, which spandsp.h includes, was not found by pkg-config; install it with: \
                 apt-get install libtiff-dev ({error})"
            ))
        });

    let include_args = spandsp
        .include_paths
        .iter()
        .chain(&tiff.include_paths)
        .map(|path| format!("-I{}", path.display()));
    let mut builder = bindgen::Builder::default()
        .header_contents("tipring_spandsp.h", "#include <spandsp.h>\n")
        .clang_args(include_args)
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
        .allowlist_recursively(true)
        .opaque_type(".*_state_s")
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .layout_tests(true)
        .generate_comments(false);
    for family in FUNCTIONS {
        builder = builder.allowlist_function(family);
    }
    for name in ENUMERATIONS {
        builder = builder.allowlist_type(name);
    }
    for prefix in CONSTANTS {
        builder = builder.allowlist_var(prefix);
    }

    // bindgen panics when it cannot load libclang: turn that into a sentence with the cure.
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let generated =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || builder.generate()));
    std::panic::set_hook(quiet);
    let bindings = match generated {
        Ok(Ok(bindings)) => bindings,
        Ok(Err(error)) => fail(&format!(
            "bindgen could not read spandsp.h: {error}; the header and its includes come from: \
             apt-get install libspandsp-dev libtiff-dev libc6-dev"
        )),
        Err(_) => fail(
            "bindgen could not load libclang; install it with: apt-get install libclang-dev \
             (or point LIBCLANG_PATH at the directory holding libclang.so)",
        ),
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts"));
    if let Err(error) = bindings.write_to_file(out.join("bindings.rs")) {
        fail(&format!(
            "cannot write {}: {error}; free some disk space",
            out.display()
        ));
    }
}

fn fail(message: &str) -> ! {
    eprintln!("\nspandsp-sys: {message}\n");
    exit(1);
}
