//! Makes a relocatable object of a shared library, so that it can be linked into an executable.
//!
//! A native executable holds the JDK's C libraries, and JDKs ship them as shared libraries only. Such a library is
//! complete but for its dynamic relocations: all distances inside it are fixed. So its segments become one section,
//! laid out as they were, and each dynamic relocation becomes one that the linker resolves. What the library exports
//! keeps its name. A table of segments goes beside it, from which `c/libjvm/protect.c` restores the protection of the
//! pages. Libraries with what this does not cover (thread-local variables, constructors) are refused.

use anyhow::{Context, Result, bail, ensure};
use object::elf::{self, ProgramHeader64};
use object::read::elf::{Dyn as _, ElfFile64, ProgramHeader as _};
use object::write::{Object, Relocation, SectionId, Symbol, SymbolId, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, Object as _, ObjectSymbol, RelocationFlags, RelocationTarget, SectionFlags, SectionKind,
    SymbolFlags, SymbolIndex, SymbolKind, SymbolScope,
};
use std::collections::HashMap;

type Elf<'data> = ElfFile64<'data, Endianness>;

const PAGE: u64 = 4096;
const POINTER: RelocationFlags = RelocationFlags::Elf { r_type: elf::R_X86_64_64 };
/// The names that every shared library defines for its own start and end.
const OWN: [&str; 5] = ["_init", "_fini", "__bss_start", "_edata", "_end"];
/// The function that every table refers to, and the table's section, whose name lets the linker find its ends.
const PROTECTOR: &[u8] = b"anneal_protect_segments";
const TABLE: &[u8] = b"anneal_segments";

/// A page range and what the library asked for: read 4, write 2, execute 1, as in program headers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Range {
    start: u64,
    end: u64,
    flags: u32,
}

/// The object made of the library `name` (without `lib` and `.so`).
pub(crate) fn from_shared_library(name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let library = Elf::parse(bytes).context("this is no ELF file of 64 bits")?;
    let ranges = page_ranges(&library, bytes)?;
    let mut made = Made::new(name, &library, bytes, &ranges)?;
    made.define_symbols(name, &library)?;
    made.relocate(&library)?;
    made.table(&ranges)?;
    made.object.write().context("cannot write the object")
}

/// The names that the library expects from others.
pub(crate) fn undefined(bytes: &[u8]) -> Result<Vec<String>> {
    let library = Elf::parse(bytes).context("this is no ELF file of 64 bits")?;
    let names = library.dynamic_symbols().filter(ObjectSymbol::is_undefined);
    names.map(|symbol| Ok(symbol.name()?.to_owned())).collect()
}

/// The names that the library, or an object, offers to others.
pub(crate) fn defined(bytes: &[u8]) -> Result<Vec<String>> {
    let file = Elf::parse(bytes).context("this is no ELF file of 64 bits")?;
    let symbols = file.dynamic_symbols().chain(file.symbols());
    let names = symbols.filter(|symbol| symbol.is_definition() && symbol.is_global());
    names.map(|symbol| Ok(symbol.name()?.to_owned())).collect()
}

/// What an export is called in an executable, where all libraries share one space of names. The function that starts
/// a library up goes behind one that the assembly writes.
fn exported_name(name: &str, symbol: &str) -> String {
    match symbol {
        "JNI_OnLoad" => start_up_name(name),
        "JNI_OnUnload" => format!("{symbol}_{name}"),
        other => other.to_owned(),
    }
}

/// The name that a library's own start-up function gets.
pub(crate) fn start_up_name(name: &str) -> String {
    format!("anneal_start_up_{name}")
}

/// The library's pages by protection, the parts that are read-only after relocation last.
fn page_ranges(library: &Elf<'_>, bytes: &[u8]) -> Result<Vec<Range>> {
    let endian = library.endian();
    let (mut loaded, mut read_only) = (Vec::new(), Vec::new());
    for header in library.elf_program_headers() {
        let (start, end) = (header.p_vaddr(endian), header.p_vaddr(endian) + header.p_memsz(endian));
        match header.p_type(endian) {
            elf::PT_TLS => bail!("it has thread-local variables"),
            elf::PT_DYNAMIC => refuse_constructors(header, endian, bytes)?,
            elf::PT_LOAD => loaded.push(Range {
                start: start - start % PAGE,
                end: end.next_multiple_of(PAGE),
                flags: header.p_flags(endian) & 7,
            }),
            // Only whole pages can be protected, as the dynamic linker does it.
            elf::PT_GNU_RELRO => read_only.push(Range {
                start: start - start % PAGE,
                end: end - end % PAGE,
                flags: elf::PF_R,
            }),
            _ => {}
        }
    }
    ensure!(
        loaded.first().is_some_and(|first| first.start == 0),
        "its first segment is not at its start"
    );
    ensure!(
        loaded.windows(2).all(|pair| pair[0].end <= pair[1].start),
        "two of its segments share a page"
    );
    loaded.extend(read_only.into_iter().filter(|range| range.start < range.end));
    Ok(loaded)
}

/// Every library has one entry, which the C compiler brings and which does nothing in one that is linked.
fn refuse_constructors(header: &ProgramHeader64<Endianness>, endian: Endianness, bytes: &[u8]) -> Result<()> {
    let entries = header.dynamic(endian, bytes).context("its dynamic table cannot be read")?;
    for entry in entries.unwrap_or_default() {
        if entry.d_tag(endian) == elf::DT_INIT_ARRAYSZ && entry.d_val(endian) > 8 {
            bail!("it has constructors");
        }
    }
    Ok(())
}

struct Made {
    object: Object<'static>,
    section: SectionId,
    /// The section itself, to which addresses inside the library are relative.
    start: SymbolId,
    /// Symbols of the new object by their index in the library.
    symbols: HashMap<SymbolIndex, SymbolId>,
}

impl Made {
    fn new(name: &str, library: &Elf<'_>, bytes: &[u8], ranges: &[Range]) -> Result<Self> {
        let end = ranges.iter().map(|range| range.end).max().unwrap_or_default();
        let mut content = vec![0; usize::try_from(end)?];
        for header in library.elf_program_headers() {
            let endian = library.endian();
            if header.p_type(endian) == elf::PT_LOAD {
                let data = header.data(endian, bytes).ok().context("a segment is not in the file")?;
                let at = usize::try_from(header.p_vaddr(endian))?;
                content[at..at + data.len()].copy_from_slice(data);
            }
        }
        let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, object::Endianness::Little);
        let section = object.add_section(Vec::new(), format!(".anneal.{name}").into_bytes(), SectionKind::Data);
        let flags = u64::from(elf::SHF_ALLOC | elf::SHF_WRITE | elf::SHF_EXECINSTR);
        object.section_mut(section).flags = SectionFlags::Elf { sh_flags: flags };
        object.set_section_data(section, content, PAGE);
        // Without this section the linker takes it that the object's stack is to be executable.
        object.add_section(Vec::new(), b".note.GNU-stack".to_vec(), SectionKind::Other);
        let start = object.section_symbol(section);
        Ok(Self {
            object,
            section,
            start,
            symbols: HashMap::new(),
        })
    }

    fn define_symbols(&mut self, name: &str, library: &Elf<'_>) -> Result<()> {
        for symbol in library.dynamic_symbols() {
            let original = symbol.name()?;
            if original.is_empty() || OWN.contains(&original) {
                continue;
            }
            let defined = symbol.is_definition();
            let id = self.object.add_symbol(Symbol {
                name: exported_name(name, original).into_bytes(),
                value: if defined { symbol.address() } else { 0 },
                size: if defined { symbol.size() } else { 0 },
                kind: if defined { symbol.kind() } else { SymbolKind::Unknown },
                scope: if defined { SymbolScope::Dynamic } else { SymbolScope::Unknown },
                weak: symbol.is_weak(),
                section: if defined {
                    SymbolSection::Section(self.section)
                } else {
                    SymbolSection::Undefined
                },
                flags: SymbolFlags::None,
            });
            self.symbols.insert(symbol.index(), id);
        }
        Ok(())
    }

    fn relocate(&mut self, library: &Elf<'_>) -> Result<()> {
        for (offset, relocation) in library.dynamic_relocations().context("it has no dynamic relocations")? {
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                bail!("a relocation is not ELF's");
            };
            let symbol = match (r_type, relocation.target()) {
                (elf::R_X86_64_RELATIVE, _) => self.start,
                (elf::R_X86_64_64 | elf::R_X86_64_GLOB_DAT | elf::R_X86_64_JUMP_SLOT, RelocationTarget::Symbol(index)) => {
                    *self.symbols.get(&index).context("a relocation names no symbol")?
                }
                (other, _) => bail!("it has a relocation of the kind {other}"),
            };
            // A slot of the linkage table holds a guess of the static linker, not an addend.
            let addend = if r_type == elf::R_X86_64_JUMP_SLOT {
                0
            } else {
                relocation.addend()
            };
            self.point(self.section, offset, symbol, addend)?;
        }
        Ok(())
    }

    /// Writes the table of segments: start, length, protection for mprotect, and the function that reads it.
    fn table(&mut self, ranges: &[Range]) -> Result<()> {
        let table = self.object.add_section(Vec::new(), TABLE.to_vec(), SectionKind::Data);
        let protector = self.object.add_symbol(Symbol {
            name: PROTECTOR.to_vec(),
            value: 0,
            size: 0,
            kind: SymbolKind::Unknown,
            scope: SymbolScope::Unknown,
            weak: false,
            section: SymbolSection::Undefined,
            flags: SymbolFlags::None,
        });
        for range in ranges {
            let mut entry = [0_u8; 32];
            entry[8..16].copy_from_slice(&(range.end - range.start).to_le_bytes());
            entry[16..24].copy_from_slice(&u64::from(protection(range.flags)).to_le_bytes());
            let at = self.object.append_section_data(table, &entry, 8);
            self.point(table, at, self.start, i64::try_from(range.start)?)?;
            self.point(table, at + 24, protector, 0)?;
        }
        Ok(())
    }

    fn point(&mut self, section: SectionId, offset: u64, symbol: SymbolId, addend: i64) -> Result<()> {
        let relocation = Relocation {
            offset,
            symbol,
            addend,
            flags: POINTER,
        };
        self.object.add_relocation(section, relocation).context("cannot add a relocation")
    }
}

/// Program headers count execute 1, write 2, read 4; mprotect counts the other way.
fn protection(flags: u32) -> u32 {
    (flags & elf::PF_W) | ((flags & elf::PF_R) >> 2) | ((flags & elf::PF_X) << 2)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use anyhow::Result;
    use object::elf::{PF_R, PF_W, PF_X};

    use super::{exported_name, from_shared_library, protection};
    use crate::cache;

    const LIBRARY: &str = r#"
        #include <string.h>
        static int count = 40;
        int *where = &count;
        const char *const names[] = {"one", "two"};
        static char zeroes[5000];
        int outside(void);
        int add(int more) { *where += more; return count; }
        int JNI_OnLoad(void *vm, void *reserved) { (void) vm; (void) reserved; return add(1) + (int) strlen(names[1]); }
        int zero(void) { zeroes[4999]++; return zeroes[4999] + outside(); }
    "#;

    const PROGRAM: &str = r#"
        #include <stdint.h>
        #include <stdio.h>
        extern int *where;
        extern const char *const names[];
        int add(int more);
        int zero(void);
        int anneal_start_up_sample(void *vm, void *reserved);
        int outside(void) { return 6; }
        /* The protection of the page that an address is in. */
        static void show(const void *address) {
            unsigned long from, to, at = (unsigned long) (uintptr_t) address;
            char line[512], rights[8];
            FILE *maps = fopen("/proc/self/maps", "r");
            while (fgets(line, sizeof line, maps))
                if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 && from <= at && at < to) printf(" %s", rights);
            fclose(maps);
        }
        int main(void) {
            printf("%d ", anneal_start_up_sample(0, 0));
            printf("%d %s %d", add(1), names[0], zero());
            show((void *) (uintptr_t) add);
            show(where);
            show(names);
            return 0;
        }
    "#;

    fn cc(folder: &Path, arguments: &[&str]) -> Result<String> {
        crate::process::output(Command::new("cc").current_dir(folder).args(arguments))
    }

    #[test]
    fn library_runs_as_part_of_an_executable() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let folder = folder.path();
        fs::write(folder.join("library.c"), LIBRARY).expect("the folder is writable");
        fs::write(folder.join("program.c"), PROGRAM).expect("the folder is writable");
        let protect = cache::repository().join("e2e/toolchain/graalvm-ce/c/libjvm/protect.c");
        cc(
            folder,
            &["-shared", "-fPIC", "-O1", "-Wl,-z,separate-code", "library.c", "-o", "libsample.so"],
        )
        .expect("the library compiles");
        let library = fs::read(folder.join("libsample.so")).expect("the library is there");
        let object = from_shared_library("sample", &library).expect("the library can be made an object");
        fs::write(folder.join("sample.o"), object).expect("the folder is writable");
        for kind in ["-pie", "-no-pie"] {
            let protect = protect.to_str().expect("the repository's path is UTF-8");
            cc(
                folder,
                &[kind, "-Wl,--gc-sections", "program.c", "sample.o", protect, "-o", "program"],
            )
            .expect("the program links");
            let said = crate::process::output(&mut Command::new(folder.join("program"))).expect("the program ends well");
            assert_eq!(said, "44 42 one 7 r-xp rw-p r--p");
        }
    }

    #[test]
    fn what_is_not_covered_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let folder = folder.path();
        for (text, reason) in [
            ("__thread int mine; int *get(void) { return &mine; }", "thread-local"),
            (
                "int x; __attribute__((constructor)) static void start(void) { x = 1; }",
                "constructors",
            ),
        ] {
            fs::write(folder.join("library.c"), text).expect("the folder is writable");
            cc(folder, &["-shared", "-fPIC", "library.c", "-o", "libsample.so"]).expect("the library compiles");
            let library = fs::read(folder.join("libsample.so")).expect("the library is there");
            let refusal = from_shared_library("sample", &library).expect_err("the library is not covered");
            assert!(refusal.to_string().contains(reason), "{refusal:#}");
        }
    }

    #[test]
    fn start_up_functions_get_the_name_of_their_library() {
        assert_eq!(exported_name("net", "JNI_OnLoad"), "anneal_start_up_net");
        assert_eq!(exported_name("net", "NET_Bind"), "NET_Bind");
    }

    #[test]
    fn protection_is_that_of_mprotect() {
        assert_eq!(protection(PF_R), 1);
        assert_eq!(protection(PF_R | PF_W), 3);
        assert_eq!(protection(PF_R | PF_X), 5);
    }
}
