//! Every model of the folder: which work, how far off they are, and why the others are refused.

use crate::files::{error, folder, read};
use onnx::Options;

#[test]
fn every_model_is_quantised_or_refused_with_a_reason() {
    let Some(folder) = folder() else { return };
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    for name in names {
        let Some(example) = read(&name) else {
            println!("{name:24} no data");
            continue;
        };
        let found = example.and_then(|example| {
            let options = Options {
                calibration: vec![example.input.clone()],
                ..Options::default()
            };
            error(&example, &options)
        });
        match found {
            Ok(worst) => println!("{name:24} ok, error {worst:.1e}"),
            Err(reason) => {
                assert!(!reason.is_empty(), "{name}: a refusal has a reason");
                let short: String = reason.chars().take(300).collect();
                println!("{name:24} refused: {short}");
            }
        }
    }
}
