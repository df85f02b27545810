//! Files that are there whole or not at all.

use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::Path;

/// Writes a file: beside its place first, then moved there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let attempt = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    attempt().with_context(|| format!("cannot write {}", path.display()))
}

/// That a file can be written there, before work is done for it.
pub fn check_writable(path: &Path) -> Result<()> {
    // To replace a folder fails, and to replace a device or a pipe is not what anybody wants.
    if path.exists() && !path.is_file() {
        bail!(
            "cannot write {}: it is a folder or a device; name a file",
            path.display()
        );
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    tempfile::NamedTempFile::new_in(folder)
        .map(drop)
        .with_context(|| format!("cannot write {}", path.display()))
}
