//! What holds for the whole process.

/// Prepares the process, before it reads or writes anything.
///
/// A write over the limit of a file's size is an error, and does not end the process: what was about
/// to be written, such as the only record of a person, goes to stderr then. A crash leaves no core
/// file, which would have tokens in it.
pub(crate) fn prepare() {
    #[cfg(unix)]
    // SAFETY: the process has no other thread yet, and both calls only take values.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // Without it, the system's own limit holds.
        let _ = libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
    }
}
