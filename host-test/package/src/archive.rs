//! Archives. They have no time and no user, so the same files give the same bytes.

use std::io::Write;

use anyhow::{Context, Result};
use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, GzBuilder};
use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, ZipArchiveWriter};

use crate::File;

/// Returns a `.tar.gz` of the files, in their order.
pub(crate) fn tar_gz(files: &[File]) -> Result<Vec<u8>> {
    let gzip: GzEncoder<_> = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for file in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(file.bytes.len().try_into()?);
        header.set_mode(mode(file));
        header.set_mtime(0);
        tar.append_data(&mut header, &file.path, file.bytes.as_slice())
            .with_context(|| format!("{} could not be archived", file.path))?;
    }
    Ok(tar.into_inner()?.finish()?)
}

/// Returns a ZIP archive of the files, in their order.
pub(crate) fn zip(files: &[File]) -> Result<Vec<u8>> {
    // The earliest time that the format has.
    let time = UtcDateTime::from_components(1980, 1, 1, 0, 0, 0, 0).context("a time")?;
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for file in files {
        let (mut entry, config) = archive
            .new_file(&file.path)
            .compression_method(CompressionMethod::DEFLATE)
            .last_modified(time)
            .unix_permissions(0o100_000 | mode(file))
            .start()?;
        let deflate = DeflateEncoder::new(&mut entry, Compression::best());
        let mut writer = config.wrap(deflate);
        writer.write_all(&file.bytes)?;
        let (deflate, descriptor) = writer.finish()?;
        deflate.finish()?;
        entry.finish(descriptor)?;
    }
    Ok(archive.finish()?)
}

fn mode(file: &File) -> u32 {
    if file.executable { 0o755 } else { 0o644 }
}
