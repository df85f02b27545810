//! What a model is set up with: the options that `setup`, `doctor` and `bench` share.

use crate::arguments::Options;
use crate::tensors::{self, Declared};
use anyhow::{Context, Result, anyhow, bail};
use std::collections::BTreeMap;
use std::path::Path;
use vouch::{Array, Visibility};

/// Reads a model and how it is to be set up.
pub fn prepare(model: &Path, options: &Options) -> Result<vouch::Setup> {
    let name = || format!("cannot use {}", model.display());
    let sizes = sizes("--size", &options.size)?;
    let mut setup = vouch::Setup::with_sizes(model, sizes).with_context(name)?;
    let inputs: Vec<Declared> = { setup.inputs().into_iter() }
        .map(|(name, shape)| Declared { name, shape })
        .collect();
    setup.weight_bits(options.weight_bits);
    setup.activation_bits(options.activation_bits);
    setup.options.max_proofs = options.max_proofs;
    let mut seen: Vec<&String> = { options.public.iter() }
        .chain(&options.private)
        .chain(&options.sealed)
        .collect();
    seen.sort();
    if let Some([name, _]) = seen.array_windows().find(|[a, b]| a == b) {
        bail!("{name:?} is given twice among --public, --private and --sealed; say one of them");
    }
    for (names, visibility) in [
        (&options.public, Visibility::Public),
        (&options.private, Visibility::Private),
        (&options.sealed, Visibility::Sealed),
    ] {
        for name in names {
            setup.visibility(name, visibility)?;
        }
    }
    let mut ranges = Vec::new();
    for text in &options.range {
        let (name, lo, hi) = range(text)?;
        known(&inputs, &name, "--range")?;
        setup.range(&name, lo, hi);
        ranges.push((name, lo, hi));
    }
    for (texts, option, sizes) in [
        (&options.typical, "--typical", &mut setup.options.typical),
        (&options.limit, "--limit", &mut setup.options.limits),
    ] {
        sizes.extend(self::sizes(option, texts)?);
    }
    for path in &options.calibrate {
        // The reason why sizes are fixed may be what is wrong with the data.
        let notes = || setup.notes().join("; ");
        let samples = match tensors::read_samples(path, &inputs) {
            Err(error) if !setup.notes().is_empty() => return Err(error.context(notes())),
            found => found?,
        };
        for data in &samples {
            let name = || format!("cannot use {}", path.display());
            setup.check(data).with_context(name)?;
            check_ranges(path, data, &ranges)?;
            setup.calibrate(data);
        }
    }
    Ok(setup)
}

/// That calibration data lie where the inputs are said to lie.
fn check_ranges(
    path: &Path,
    data: &BTreeMap<String, Array>,
    ranges: &[(String, f64, f64)],
) -> Result<()> {
    for (name, lo, hi) in ranges {
        let values = data.get(name).map_or(&[][..], |array| &array.data);
        if let Some(value) = values.iter().find(|value| *value < lo || *value > hi) {
            bail!(
                "cannot use {}: {name:?} has the value {value}, which --range {name}={lo},{hi} excludes; widen the \
                 range, or clip the data",
                path.display()
            );
        }
    }
    Ok(())
}

fn known(inputs: &[Declared], name: &str, option: &str) -> Result<()> {
    if inputs.iter().any(|input| input.name == name) {
        return Ok(());
    }
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    bail!("{option}: the model has no input {name:?}; its inputs are {names:?}")
}

/// Sizes by name.
pub fn sizes(option: &str, texts: &[String]) -> Result<BTreeMap<String, usize>> {
    let size = |text: &String| {
        let (name, size) = text
            .split_once('=')
            .context(anyhow!("{option}: expected NAME=SIZE, found {text:?}"))?;
        let size = size
            .parse()
            .with_context(|| format!("{option}: expected a size, found {size:?}"))?;
        Ok((name.to_owned(), size))
    };
    texts.iter().map(size).collect()
}

fn range(text: &str) -> Result<(String, f64, f64)> {
    let parse = || {
        let (name, ends) = text.rsplit_once('=')?;
        let (lo, hi) = ends.split_once(',')?;
        Some((
            name.to_owned(),
            lo.trim().parse().ok()?,
            hi.trim().parse().ok()?,
        ))
    };
    parse().with_context(|| format!("--range: expected NAME=LO,HI, found {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_documented() {
        assert_eq!(
            range("x=-1,2.5").expect("a range"),
            ("x".to_owned(), -1.0, 2.5)
        );
        assert_eq!(
            range("a=b=0, 1e3").expect("a range"),
            ("a=b".to_owned(), 0.0, 1000.0)
        );
        for text in ["x", "x=1", "x=a,b", "x=1;2"] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}
