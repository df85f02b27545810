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

/// The most bytes that an archive's tensor is unpacked to: a few packed bytes can stand for any number of them.
const MOST: u64 = 1 << 32;

/// That the file holds as many bytes as its header says values, which is what memory is reserved for.
fn check_size(bytes: &[u8]) -> Result<()> {
    let header = header(bytes).context("not a readable NumPy file: its header is cut short")?;
    let shape = { header.split_once("'shape'") }
        .and_then(|(_, rest)| rest.split_once('(')?.1.split_once(')'))
        .map(|(shape, _)| shape)
        .context("not a readable NumPy file: its header has no shape")?;
    let sizes = shape.split(',').map(str::trim);
    let values = sizes
        .filter(|size| !size.is_empty())
        .try_fold(1usize, |values, size| {
            // Older writers mark long integers.
            let size: usize = size.trim_end_matches('L').parse().ok()?;
            values.checked_mul(size)
        });
    match values {
        Some(values) if values <= bytes.len() => Ok(()),
        _ => bail!(
            "not a readable NumPy file: it has {} bytes, too few for a tensor of shape ({shape})",
            bytes.len()
        ),
    }
}

/// The dictionary at the start of a NumPy file.
fn header(bytes: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (version, rest) = rest.split_first_chunk::<2>()?;
    let (size, rest) = match version[0] {
        1 => {
            let (size, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_le_bytes(*size)), rest)
        }
        _ => {
            let (size, rest) = rest.split_first_chunk::<4>()?;
            (usize::try_from(u32::from_le_bytes(*size)).ok()?, rest)
        }
    };
    rest.get(..size).map(String::from_utf8_lossy)
}

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
    check_size(bytes)?;
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
    let tensor = |file: &str| file.trim_end_matches(".npy").to_owned();
    let names: Vec<String> = archive.file_names().map(tensor).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    super::check_names(&names, inputs)?;
    let mut found = BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at)?;
        let name = tensor(file.name());
        let mut bytes = Vec::new();
        let size = (&mut file).take(MOST + 1).read_to_end(&mut bytes)?;
        if u64::try_from(size)? > MOST {
            bail!("tensor {name:?}: expected at most {MOST} bytes, found more");
        }
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
