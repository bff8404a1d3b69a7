package proc

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

// startError wraps err, the reason why c did not start, with ErrStart, the path
// and what to do about it.
func startError(c *Command, err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return fmt.Errorf("%w: %q: %w", ErrStart, c.Path, err)
	}
	if advice := startAdvice(c, errno); advice != "" {
		return fmt.Errorf("%w: %q: %w: %s", ErrStart, c.Path, errno, advice)
	}
	return fmt.Errorf("%w: %q: %w", ErrStart, c.Path, errno)
}

// startAdvice names the cause as closely as the file system tells it, and the
// next step. One errno of exec stands for several causes: ENOENT for instance
// is a missing program, directory or interpreter.
func startAdvice(c *Command, errno syscall.Errno) string {
	switch errno {
	case syscall.ENOENT, syscall.EACCES, syscall.ENOTDIR:
		return fileAdvice(c, errno)
	case syscall.ENOEXEC:
		return fmt.Sprintf("not a program for %s/%s: rebuild it for this machine, or begin a script with #!", runtime.GOOS, runtime.GOARCH)
	case syscall.ETXTBSY:
		return "the file is open for writing: start it when it has been written"
	case syscall.E2BIG:
		return "arguments and environment are too long: hand large values over in a file"
	case syscall.EINVAL:
		return "an argument, the path or the directory may contain a zero byte: remove it"
	case syscall.EMFILE, syscall.ENFILE:
		return "no file descriptor is free: raise the limit (ulimit -n)"
	case syscall.EAGAIN, syscall.ENOMEM:
		return "the limit of processes or memory is reached: raise it (ulimit -u, pids cgroup), or start fewer"
	}
	return ""
}

// fileAdvice looks at the files that c names.
func fileAdvice(c *Command, errno syscall.Errno) string {
	if c.Path == "" {
		return "no path given: set Command.Path"
	}
	if c.Dir != "" {
		if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
			return fmt.Sprintf("the working directory %q cannot be entered: create it, or name another", c.Dir)
		}
	}
	info, err := os.Stat(resolve(c))
	switch {
	case errors.Is(err, os.ErrNotExist) && !strings.Contains(c.Path, "/"):
		return "no such file here, and $PATH is not searched: give the path (exec.LookPath finds it)"
	case errors.Is(err, os.ErrNotExist):
		return "no such file: check the path, or build the program first"
	case err != nil:
		return "a directory above the file cannot be searched: check the path and its permissions"
	case info.IsDir():
		return "it is a directory: name the program in it"
	case !info.Mode().IsRegular():
		return "it is no regular file: name a program"
	case errno == syscall.ENOENT:
		return "the file is there, its interpreter (#! line or dynamic loader) is not: install it, or link the program statically"
	case info.Mode().Perm()&0o111 == 0:
		return "the file is not executable: chmod +x"
	}
	return "execution is forbidden: check the permissions, and that the file system is not mounted noexec"
}

// resolve returns where the path of c leads, seen from this process.
func resolve(c *Command) string {
	if c.Dir == "" || strings.HasPrefix(c.Path, "/") {
		return c.Path
	}
	return strings.TrimSuffix(c.Dir, "/") + "/" + c.Path
}
