use super::{Directory, PAGE};
use fcp_connector_sdk::effect::{EffectResult, FileEntry, FileKind, RelativePath, WriteMode};
use fcp_core::error::Reason;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use tempfile::TempDir;

const TOKEN: [u8; 8] = [0xab; 8];
const TEMPORARY: &str = ".fcp-abababababababab.tmp";

/// A directory `granted`, and beside it `outside` with a secret.
struct Place {
    folder: TempDir,
    directory: Directory,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("granted")).unwrap();
        fs::create_dir(folder.path().join("outside")).unwrap();
        fs::write(folder.path().join("outside/secret"), "secret").unwrap();
        let directory = Directory::open(&folder.path().join("granted")).unwrap();
        Self { folder, directory }
    }

    fn granted(&self) -> std::path::PathBuf {
        self.folder.path().join("granted")
    }

    fn outside(&self) -> std::path::PathBuf {
        self.folder.path().join("outside")
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, Reason> {
        match self.directory.read(&path(name), 0, 1024)? {
            EffectResult::Content { content, end: true } => Ok(content),
            other => panic!("{other:?}"),
        }
    }

    fn write(&self, name: &str, content: &str, mode: WriteMode) -> Result<(), Reason> {
        self.directory.write(&path(name), content.as_bytes(), mode, TOKEN).map(|done| {
            assert_eq!(done, EffectResult::Done);
        })
    }

    fn list(&self, name: &str, after: Option<&str>) -> Result<(Vec<FileEntry>, bool), Reason> {
        match self.directory.list(&path(name), after)? {
            EffectResult::Listing { entries, end } => Ok((entries, end)),
            other => panic!("{other:?}"),
        }
    }

    fn kind(&self, name: &str) -> Result<(FileKind, u64), Reason> {
        match self.directory.metadata(&path(name))? {
            EffectResult::Metadata(metadata) => {
                assert!(metadata.modified.is_some());
                Ok((metadata.kind, metadata.size))
            }
            other => panic!("{other:?}"),
        }
    }

    fn delete(&self, name: &str) -> Result<(), Reason> {
        self.directory.delete(&path(name)).map(|_| ())
    }
}

fn path(text: &str) -> RelativePath {
    RelativePath::new(text).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_written_read_replaced_extended_and_deleted() {
    let place = Place::new();
    fs::create_dir(place.granted().join("a")).unwrap();
    place.write("a/b.txt", "milk", WriteMode::CreateNew).unwrap();
    assert_eq!(place.read("a/b.txt").unwrap(), b"milk");
    assert_eq!(place.write("a/b.txt", "eggs", WriteMode::CreateNew), Err(Reason::ExecutionFileExists));
    place.write("a/b.txt", " and eggs", WriteMode::Append).unwrap();
    assert_eq!(place.read("a/b.txt").unwrap(), b"milk and eggs");
    place.write("a/b.txt", "", WriteMode::Replace).unwrap();
    assert_eq!(place.kind("a/b.txt").unwrap(), (FileKind::File, 0));
    place.write("a/new", "x", WriteMode::Append).unwrap();
    place.write("a/other", "y", WriteMode::Replace).unwrap();
    assert_eq!(names(&place.granted().join("a")), ["b.txt", "new", "other"]);
    assert_eq!(place.delete("a"), Err(Reason::ExecutionFileKind));
    for name in ["a/b.txt", "a/new", "a/other", "a"] {
        place.delete(name).unwrap();
        assert_eq!(place.delete(name), Err(Reason::ExecutionFileNotFound));
    }
    assert_eq!(names(&place.granted()), Vec::<String>::new());
}

#[test]
fn parts_of_a_file_say_whether_it_ends() {
    let place = Place::new();
    fs::write(place.granted().join("a"), "0123456789").unwrap();
    for (offset, length, expected, end) in [
        (0, 10, "0123456789", true),
        (0, 9, "012345678", false),
        (8, 9, "89", true),
        (10, 1, "", true),
        (99, 1, "", true),
    ] {
        let read = place.directory.read(&path("a"), offset, length).unwrap();
        assert_eq!(read, EffectResult::Content { content: expected.into(), end }, "{offset} {length}");
    }
    assert_eq!(
        place.directory.read(&path("a"), u64::MAX, u64::MAX).unwrap(),
        EffectResult::Content { content: vec![], end: true }
    );
}

#[test]
fn no_link_is_followed_wherever_it_leads() {
    let place = Place::new();
    let granted = place.granted();
    fs::create_dir(granted.join("inside")).unwrap();
    fs::write(granted.join("inside/file"), "own").unwrap();
    symlink(place.outside(), granted.join("to_folder")).unwrap();
    symlink(place.outside().join("secret"), granted.join("to_file")).unwrap();
    symlink("../outside/secret", granted.join("relative")).unwrap();
    symlink("inside", granted.join("to_inside")).unwrap();
    symlink("/nowhere", granted.join("dangling")).unwrap();
    symlink("/proc/self/root", granted.join("magic")).unwrap();
    symlink("loop", granted.join("loop")).unwrap();

    for name in
        ["to_file", "relative", "dangling", "to_folder", "loop", "to_folder/secret", "to_inside/file", "magic/etc"]
    {
        let denied = Err(Reason::ExecutionFileDenied);
        assert_eq!(place.read(name).map(|_| ()), denied, "{name}");
        assert_eq!(place.list(name, None).map(|_| ()), denied, "{name}");
        assert_eq!(place.delete(name), denied, "{name}");
        for mode in [WriteMode::CreateNew, WriteMode::Replace, WriteMode::Append] {
            assert_eq!(place.write(name, "x", mode), denied, "{name}");
        }
    }
    assert_eq!(place.write("to_folder/new", "x", WriteMode::CreateNew), Err(Reason::ExecutionFileDenied));
    assert_eq!(place.kind("to_folder/secret"), Err(Reason::ExecutionFileDenied));
    // Only that it is there can be seen.
    assert_eq!(place.kind("to_file").unwrap(), (FileKind::Other, 0));
    assert_eq!(names(&place.outside()), ["secret"]);
    assert_eq!(fs::read(place.outside().join("secret")).unwrap(), b"secret");
    assert_eq!(names(&granted).len(), 8);
    assert_eq!(fs::read(granted.join("inside/file")).unwrap(), b"own");
}

#[test]
fn what_is_no_file_is_not_opened() {
    let place = Place::new();
    let granted = place.granted();
    fs::create_dir(granted.join("folder")).unwrap();
    fs::write(granted.join("file"), "").unwrap();
    let _socket = UnixListener::bind(granted.join("socket")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        granted.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    // A pipe without another end would make whoever opens it wait for ever.
    for name in ["folder", "socket", "pipe"] {
        assert_eq!(place.read(name), Err(Reason::ExecutionFileKind), "{name}");
        for mode in [WriteMode::Replace, WriteMode::Append, WriteMode::CreateNew] {
            assert_eq!(place.write(name, "x", mode), Err(Reason::ExecutionFileKind), "{name}");
        }
    }
    assert_eq!(place.delete("pipe"), Err(Reason::ExecutionFileKind));
    assert_eq!(place.kind("pipe").unwrap(), (FileKind::Other, 0));
    assert_eq!(place.list("file", None), Err(Reason::ExecutionFileKind));
    assert_eq!(place.read("file/below"), Err(Reason::ExecutionFileNotFound));
    assert_eq!(place.read("nowhere/below"), Err(Reason::ExecutionFileNotFound));
    for outcome in [place.delete(""), place.write("", "x", WriteMode::Replace), place.read("").map(|_| ())] {
        assert_eq!(outcome, Err(Reason::ExecutionFileKind));
    }
    assert_eq!(place.kind("").unwrap(), (FileKind::Directory, 0));
}

#[test]
fn a_directory_that_moves_stays_granted_and_its_old_place_is_not() {
    let place = Place::new();
    let moved = place.folder.path().join("moved");
    fs::rename(place.granted(), &moved).unwrap();
    symlink(place.outside(), place.granted()).unwrap();
    assert_eq!(place.read("secret"), Err(Reason::ExecutionFileNotFound));
    place.write("a", "x", WriteMode::CreateNew).unwrap();
    assert_eq!(names(&moved), ["a"]);
}

#[test]
fn listings_come_in_pages_in_the_order_of_names() {
    let place = Place::new();
    for number in 0..PAGE + 3 {
        fs::write(place.granted().join(format!("{number:04}")), "x").unwrap();
    }
    fs::create_dir(place.granted().join("ä")).unwrap();
    // No path can name these.
    fs::write(place.granted().join("a\nb"), "").unwrap();
    fs::write(place.granted().join("a\\b"), "").unwrap();
    fs::write(place.granted().join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();

    let (first, end) = place.list("", None).unwrap();
    assert_eq!((first.len(), end), (PAGE, false));
    assert!(first.is_sorted_by(|left, right| left.name < right.name));
    let (second, end) = place.list("", Some(&first.last().unwrap().name)).unwrap();
    assert!(end);
    let found: Vec<(&str, FileKind, u64)> =
        second.iter().map(|entry| (entry.name.as_str(), entry.metadata.kind, entry.metadata.size)).collect();
    let last = |name| (name, FileKind::File, 1);
    assert_eq!(found, [last("0256"), last("0257"), last("0258"), ("ä", FileKind::Directory, 0)]);
    assert_eq!(place.list("", Some("ä")).unwrap(), (vec![], true));
}

#[test]
fn a_file_that_is_being_written_is_nobodys() {
    let place = Place::new();
    fs::write(place.granted().join(TEMPORARY), "half").unwrap();
    assert_eq!(place.list("", None).unwrap(), (vec![], true));
    for outcome in [
        place.read(TEMPORARY).map(|_| ()),
        place.delete(TEMPORARY),
        place.kind(TEMPORARY).map(|_| ()),
        place.write(TEMPORARY, "x", WriteMode::Replace),
    ] {
        assert_eq!(outcome, Err(Reason::ExecutionFileDenied));
    }
    // It is in the way of a write under the same name, and is not overwritten.
    assert_eq!(place.write("a", "x", WriteMode::CreateNew), Err(Reason::ExecutionFileExists));
    assert_eq!(fs::read(place.granted().join(TEMPORARY)).unwrap(), b"half");
}

#[test]
fn a_replaced_file_keeps_its_permissions() {
    let place = Place::new();
    let file = place.granted().join("a");
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    place.write("a", "new", WriteMode::Replace).unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_directory_that_is_not_there_is_not_granted() {
    let place = Place::new();
    assert!(Directory::open(&place.folder.path().join("nowhere")).is_err());
    assert!(Directory::open(&place.outside().join("secret")).is_err());
}
