//! NumPy files.

use super::Declared;
use anyhow::{Context, Result, anyhow, bail};
use ndarray::{ArrayD, IxDyn};
use ndarray_npy::{NpzWriter, ReadNpyError, ReadNpyExt, WriteNpyExt};
use std::collections::BTreeMap;
use std::io::Cursor;
use vouch::Array;

/// Reads a tensor of one type; nothing if the file holds another.
type Reader = dyn Fn(&[u8]) -> Result<Option<Array>>;

/// Reads one tensor of any numeric or boolean type.
pub fn read(bytes: &[u8]) -> Result<Array> {
    fn typed<T: ndarray_npy::ReadableElement + Copy>(
        bytes: &[u8],
        real: impl Fn(T) -> f64,
    ) -> Result<Option<Array>> {
        match ArrayD::<T>::read_npy(bytes) {
            Ok(array) => Ok(Some(Array {
                shape: array.shape().to_vec(),
                data: array.iter().map(|&value| real(value)).collect(),
            })),
            Err(ReadNpyError::WrongDescriptor(_)) => Ok(None),
            Err(error) => Err(anyhow!(error).context("not a readable NumPy file")),
        }
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "integers beyond 2^53 are beyond every declared range too"
    )]
    let readers: [&Reader; 11] = [
        &|bytes| typed::<f32>(bytes, f64::from),
        &|bytes| typed::<f64>(bytes, |value| value),
        &|bytes| typed::<i64>(bytes, |value| value as f64),
        &|bytes| typed::<i32>(bytes, f64::from),
        &|bytes| typed::<i16>(bytes, f64::from),
        &|bytes| typed::<i8>(bytes, f64::from),
        &|bytes| typed::<u64>(bytes, |value| value as f64),
        &|bytes| typed::<u32>(bytes, f64::from),
        &|bytes| typed::<u16>(bytes, f64::from),
        &|bytes| typed::<u8>(bytes, f64::from),
        &|bytes| typed::<bool>(bytes, |value| f64::from(u8::from(value))),
    ];
    for reader in readers {
        if let Some(array) = reader(bytes)? {
            return Ok(array);
        }
    }
    bail!(
        "expected numbers of type float32, float64, bool or an integer type; convert with .astype(\"float32\")"
    )
}

/// Reads the tensors of an archive; the name of each is that of an input.
pub fn read_all(bytes: Vec<u8>, inputs: &[Declared]) -> Result<BTreeMap<String, Array>> {
    use std::io::Read;
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).context("not a readable .npz archive")?;
    let mut found = BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at)?;
        let name = file.name().trim_end_matches(".npy").to_owned();
        if !inputs.iter().any(|input| input.name == name) {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            bail!("the model has no input {name:?}; its inputs are {names:?}");
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        found.insert(
            name.clone(),
            read(&bytes).with_context(|| format!("tensor {name:?}"))?,
        );
    }
    Ok(found)
}

fn dynamic(array: &Array) -> Result<ArrayD<f64>> {
    Ok(ArrayD::from_shape_vec(
        IxDyn(&array.shape),
        array.data.clone(),
    )?)
}

/// One tensor as a file's content, in double precision.
pub fn write(array: &Array) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    dynamic(array)?.write_npy(&mut bytes)?;
    Ok(bytes)
}

/// Named tensors as an archive's content.
pub fn write_all(tensors: &BTreeMap<String, Array>) -> Result<Vec<u8>> {
    let mut archive = NpzWriter::new(Cursor::new(Vec::new()));
    for (name, array) in tensors {
        archive.add_array(name.as_str(), &dynamic(array)?)?;
    }
    Ok(archive.finish()?.into_inner())
}
