//! Tensors in files: `.npy`, `.npz` and JSON, read and written.

mod json;
mod npy;

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;
use vouch::Array;

/// What a model says about one of its inputs or outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The name in the graph.
    pub name: String,
    /// Size of each axis; absent for a symbol, whose value the data gives.
    pub shape: Vec<Option<usize>>,
}

impl Declared {
    /// The shape for messages.
    pub fn describe(&self) -> String {
        let size = |size: &Option<usize>| size.map_or_else(|| "?".into(), |size| size.to_string());
        let sizes: Vec<String> = self.shape.iter().map(size).collect();
        format!("[{}]", sizes.join(", "))
    }

    fn fits(&self, shape: &[usize]) -> bool {
        let fits = |(own, found): (&Option<usize>, &usize)| own.is_none_or(|own| own == *found);
        self.shape.len() == shape.len() && self.shape.iter().zip(shape).all(fits)
    }

    /// The declared shape for data of another arrangement: sizes are taken from the data if it has as many axes,
    /// and one that is missing follows from the number of values.
    fn shape_for(&self, shape: &[usize], len: usize) -> Option<Vec<usize>> {
        if self.fits(shape) {
            return Some(shape.to_vec());
        }
        let known: usize = self.shape.iter().flatten().product();
        let unknown = self.shape.iter().filter(|size| size.is_none()).count();
        let missing = match unknown {
            0 => 1,
            1 if known > 0 && len.is_multiple_of(known) && len > 0 => len / known,
            _ => return None,
        };
        let whole: Vec<usize> = self
            .shape
            .iter()
            .map(|size| size.unwrap_or(missing))
            .collect();
        (whole.iter().product::<usize>() == len).then_some(whole)
    }

    /// The array in the declared shape.
    fn arrange(&self, array: Array) -> Result<Array> {
        let Some(shape) = self.shape_for(&array.shape, array.data.len()) else {
            bail!(
                "{:?}: expected a tensor of shape {}, found shape {:?} with {} values",
                self.name,
                self.describe(),
                array.shape,
                array.data.len()
            );
        };
        // JSON has no such values, and NumPy files do.
        if let Some(at) = array.data.iter().position(|value| !value.is_finite()) {
            bail!(
                "{:?}, value {at} in row-major order: expected a finite number, found {}; clean the data",
                self.name,
                array.data[at]
            );
        }
        Ok(Array { shape, ..array })
    }
}

/// Reads the inputs of a model from a file.
///
/// `.npy` holds one tensor, `.npz` and JSON hold one for each input; JSON may also be a list for each input, in order,
/// under `input_data`.
pub fn read(path: &Path, inputs: &[Declared]) -> Result<BTreeMap<String, Array>> {
    read_file(path, inputs).with_context(|| format!("cannot use {}", path.display()))
}

/// Reads samples of the inputs of a model from a file: its rows one by one if the model takes one row and there are more.
pub fn read_samples(path: &Path, inputs: &[Declared]) -> Result<Vec<BTreeMap<String, Array>>> {
    let read = || {
        let found = read_arrays(path, inputs)?;
        let Some(rows) = rows(&found, inputs) else {
            return Ok(vec![arrange(found, inputs)?]);
        };
        let row = |at: usize| {
            let own = found.iter().map(|(name, array)| {
                let len = array.data.len() / rows;
                let mut shape = array.shape.clone();
                shape[0] = 1;
                let data = array.data[at * len..(at + 1) * len].to_vec();
                (name.clone(), Array { shape, data })
            });
            arrange(own.collect(), inputs)
        };
        (0..rows).map(row).collect()
    };
    read().with_context(|| format!("cannot use {}", path.display()))
}

/// How many rows there are of every input, if a model that takes one of each has to see them one by one.
fn rows(found: &BTreeMap<String, Array>, inputs: &[Declared]) -> Option<usize> {
    let mut rows = inputs.iter().map(|input| {
        let array = found.get(&input.name)?;
        let (own, rest) = input.shape.split_first()?;
        let (&rows, others) = array.shape.split_first()?;
        let rest = Declared {
            name: String::new(),
            shape: rest.to_vec(),
        };
        (*own == Some(1) && rows > 1 && rest.fits(others)).then_some(rows)
    });
    let first = rows.next()??;
    rows.all(|other| other == Some(first)).then_some(first)
}

fn read_file(path: &Path, inputs: &[Declared]) -> Result<BTreeMap<String, Array>> {
    arrange(read_arrays(path, inputs)?, inputs)
}

fn read_arrays(path: &Path, inputs: &[Declared]) -> Result<BTreeMap<String, Array>> {
    let bytes = std::fs::read(path)?;
    Ok(match extension(path).as_str() {
        "npy" => {
            let [only] = inputs else {
                bail!(
                    "a .npy file holds one tensor, expected {}; use .npz or .json",
                    inputs.len()
                );
            };
            BTreeMap::from([(only.name.clone(), npy::read(&bytes)?)])
        }
        "npz" => npy::read_all(bytes, inputs)?,
        "json" => json::read(&bytes, inputs)?,
        other => bail!("expected a .npy, .npz or .json file, found the extension {other:?}"),
    })
}

/// The arrays in the declared shapes, one for each input.
fn arrange(
    mut found: BTreeMap<String, Array>,
    inputs: &[Declared],
) -> Result<BTreeMap<String, Array>> {
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    check_names(&names, inputs)?;
    let own = |input: &Declared| {
        let array = found.remove(&input.name);
        array.map(|array| Ok((input.name.clone(), input.arrange(array)?)))
    };
    inputs.iter().filter_map(own).collect()
}

/// That a file has tensors of the names that are declared, and no others.
fn check_names(found: &[&str], inputs: &[Declared]) -> Result<()> {
    let expected: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    if let Some(name) = expected.iter().find(|name| !found.contains(name)) {
        bail!("tensor {name:?} is missing: expected tensors named {expected:?}, found {found:?}");
    }
    if let Some(name) = found.iter().find(|name| !expected.contains(name)) {
        bail!("unexpected tensor {name:?}: expected tensors named {expected:?}, found {found:?}");
    }
    Ok(())
}

/// Writes tensors to a file in the form that its extension names; a file that is half-written does not replace another.
pub fn write(path: &Path, tensors: &BTreeMap<String, Array>) -> Result<()> {
    let bytes =
        encode(path, tensors).with_context(|| format!("cannot write {}", path.display()))?;
    crate::files::write(path, &bytes)
}

fn encode(path: &Path, tensors: &BTreeMap<String, Array>) -> Result<Vec<u8>> {
    Ok(match extension(path).as_str() {
        "npy" => match tensors.values().next() {
            Some(only) if tensors.len() == 1 => npy::write(only)?,
            _ => bail!(
                "a .npy file holds one tensor, found {}; use .npz or .json",
                tensors.len()
            ),
        },
        "npz" => npy::write_all(tensors)?,
        "json" => serde_json::to_vec(&json::named(tensors))?,
        other => bail!("expected a .npy, .npz or .json file, found the extension {other:?}"),
    })
}

/// Tensors as `{"name": nested lists}`.
pub fn to_json(tensors: &BTreeMap<String, Array>) -> serde_json::Value {
    json::named(tensors)
}

/// Reads the content of a `.npy` file.
pub fn from_npy(bytes: &[u8]) -> Result<Array> {
    npy::read(bytes)
}

fn extension(path: &Path) -> String {
    path.extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
