//! Owns the bounds under which a jar is read.

/// Bounds for one jar. The defaults fit the largest applications in use, a fat jar of some hundred megabytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JarLimits {
    /// Bytes of the archive. Default 1 GiB, the largest object in the store.
    pub archive_bytes: u64,
    /// Bytes of the central directory, which is held in memory while it is read. Default 32 MiB.
    pub directory_bytes: u64,
    /// Entries. Default 200 000; fat jars of 100 000 exist.
    pub entries: usize,
    /// Bytes of one entry after inflating. Default 512 MiB.
    pub entry_bytes: u64,
    /// Bytes of all entries after inflating. Default 4 GiB.
    pub total_bytes: u64,
    /// Inflated by deflated size of one entry. Default 250: deflate reaches 1029, class files about 3, text about 20.
    pub ratio: u64,
    /// Entries up to this inflated size may have any ratio. Default 1 MiB.
    pub ratio_free_bytes: u64,
    /// Bytes of one entry's name. Default 4096, what a file system takes.
    pub name_bytes: usize,
    /// Bytes of one class file. Default 16 MiB; larger ones are counted as unreadable.
    pub class_bytes: u64,
    /// Bytes of the manifest. Default 4 MiB: signed jars list every entry there.
    pub manifest_bytes: u64,
    /// Methods of all classes together. Default 4 Mi.
    pub methods: usize,
    /// Bytes of the distinct names and descriptors of all classes. Default 256 MiB; large applications have some ten.
    pub name_text_bytes: u64,
}

impl Default for JarLimits {
    fn default() -> Self {
        Self {
            archive_bytes: 1 << 30,
            directory_bytes: 32 << 20,
            entries: 200_000,
            entry_bytes: 512 << 20,
            total_bytes: 4 << 30,
            ratio: 250,
            ratio_free_bytes: 1 << 20,
            name_bytes: 4096,
            class_bytes: 16 << 20,
            manifest_bytes: 4 << 20,
            methods: 4 << 20,
            name_text_bytes: 256 << 20,
        }
    }
}
