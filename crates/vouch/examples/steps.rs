//! How long each step takes for fully connected layers: `steps make FOLDER 64 32 10`, then, in a process of its own,
//! `steps verify FOLDER`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{PRIVATE, PUBLIC, Seen, network, parameters_of};
use std::error::Error;
use std::path::Path;
use std::time::Instant;
use vouch::{Array, Expected, Options, Proof, ProvingKey, Trusted, VerifyingKey};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", folder, ref sizes @ ..] => {
            let sizes: Result<Vec<usize>, _> = sizes.iter().map(|size| size.parse()).collect();
            make(Path::new(folder), &sizes?)
        }
        ["verify", folder] => verify(Path::new(folder)),
        _ => Err("expected `make FOLDER SIZES..` or `verify FOLDER`".into()),
    }
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = run();
    println!("{what:<24} {:8.2} ms", start.elapsed().as_secs_f64() * 1e3);
    value
}

fn make(folder: &Path, sizes: &[usize]) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let values = parameters_of(sizes);
    let program = network(Seen(PRIVATE, PRIVATE, PUBLIC), &values);
    let generate = || ProvingKey::generate(program, values, &Options::default());
    let key = timed("generate", generate)?;
    let (pk, vk) = (folder.join("model.pk"), folder.join("model.vk"));
    timed("save", || key.save(&pk))?;
    key.verifying_key().save(&vk)?;
    drop(key);
    let key = timed("load", || ProvingKey::load(&pk))?;
    let first = *sizes.first().ok_or("expected sizes")?;
    let x = Array::new([1, first], vec![0.5; first]);
    let inputs = [("x".to_owned(), x)].into();
    let proved = timed("prove, first", || key.prove(&inputs))?;
    timed("prove, second", || key.prove(&inputs))?;
    proved.proof.save(folder.join("model.proof"))?;
    for name in ["model.pk", "model.vk", "model.proof"] {
        println!("{name:<24} {:8} bytes", folder.join(name).metadata()?.len());
    }
    Ok(())
}

fn verify(folder: &Path) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let trusted = Trusted::at(folder.join("trusted"));
    let vk = timed("read key", || VerifyingKey::load(folder.join("model.vk")))?;
    timed("certificate", || vk.check_certificate(Some(&trusted)))?;
    let proof = timed("read proof", || Proof::load(folder.join("model.proof")))?;
    timed("describe", || vk.security_bits(&[1]))?;
    timed("verify", || vk.verify(&proof, &Expected::default()))?;
    println!(
        "{:<24} {:8.2} ms",
        "all",
        start.elapsed().as_secs_f64() * 1e3
    );
    Ok(())
}
