//! What a hostile or broken store may send: refused before there is room for it.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]
#![cfg(feature = "gzip")]

use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use query_cache::{
    Cache, Item, Key, Listen, MemoryStore, Name, Policy, Store, StoreError, Stored, Version,
    Versions,
};
use sha2::{Digest, Sha256};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Answers with the envelope it was given, its payload exchanged.
#[derive(Debug, Default)]
struct Hostile {
    kept: MemoryStore,
    /// The compression, the stated length and the payload.
    bomb: Mutex<Option<(u8, u64, Vec<u8>)>>,
}

impl Store for Hostile {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        let mut found = self.kept.get_many(names).await?;
        if let Some((compression, length, body)) = &*self.bomb.lock().unwrap() {
            for Stored { bytes, .. } in found.iter_mut().flatten() {
                let versions = usize::from(u16::from_be_bytes([bytes[34], bytes[35]]));
                bytes[4] = *compression;
                bytes.truncate(36 + versions * 48);
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(body);
                let sum = Sha256::digest(&*bytes);
                bytes.extend_from_slice(&sum[..8]);
            }
        }
        Ok(found)
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        self.kept.set_many(items).await
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        self.kept.remove(names).await
    }
}

impl Listen for Hostile {}

impl Versions for Hostile {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        self.kept.read(names).await
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        self.kept.ensure(names, offered, ttl).await
    }

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        self.kept.expire(names, offered).await
    }
}

/// A JSON text of so many bytes, which compress to next to nothing.
fn text(length: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(b"\"").unwrap();
    for _ in 0..length / 1024 {
        encoder.write_all(&[b'a'; 1024]).unwrap();
    }
    encoder.write_all(b"\"").unwrap();
    encoder.finish().unwrap()
}

/// Room that is taken at once, at most, while a cache reads what the store sends.
async fn room(largest: usize, bomb: Option<(u8, u64, Vec<u8>)>) -> (bool, usize) {
    let store = std::sync::Arc::new(Hostile::default());
    let cache =
        || Cache::builder().store(std::sync::Arc::clone(&store)).largest_value(largest).build();
    let key = Key::new("q").part(1);
    let policy = Policy::ttl(Duration::from_secs(60));
    cache().set(&key, "short".to_owned(), &policy).await.unwrap();
    *store.bomb.lock().unwrap() = bomb;
    let reader = cache();
    let _profiler = dhat::Profiler::builder().testing().build();
    let found = reader.get::<String>(&key).await.unwrap().is_some();
    (found, dhat::HeapStats::get().max_bytes)
}

#[tokio::test]
async fn a_bomb_is_refused_without_room_for_it() {
    const MIB: usize = 1 << 20;
    let whole = 64 * MIB;
    let bomb = text(whole);
    let stated = whole as u64 + 2;
    let small = 2 * bomb.len() + MIB / 2;

    let (found, usual) = room(8 * MIB, None).await;
    assert!(found && usual < small, "{usual}");

    // Says what it is, which is over the limit; then more than there is memory.
    for stated in [stated, u64::MAX] {
        let (found, most) = room(8 * MIB, Some((1, stated, bomb.clone()))).await;
        assert!(!found && most < small, "{most} for {stated}");
    }
    // Says less than it is.
    let (found, most) = room(8 * MIB, Some((1, 100, bomb.clone()))).await;
    assert!(!found && most < small, "{most}");
    // Says much and is little.
    for compression in [0, 1, 2, 3] {
        let tiny = (compression, 8 * MIB as u64, vec![0x1f; 40]);
        let (found, most) = room(8 * MIB, Some(tiny)).await;
        assert!(!found && most < small, "{most} by {compression}");
    }
    // Where it is allowed it is read, so that the above is not for another reason.
    let (found, most) = room(whole + 2, Some((1, stated, bomb))).await;
    assert!(found && most > whole, "{most}");
}
