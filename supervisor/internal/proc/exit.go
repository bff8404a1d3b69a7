package proc

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// Exit says how a process ended and what it has used.
type Exit struct {
	Code   int            // exit code; -1 if it was killed by a signal
	Signal syscall.Signal // the signal that killed it; 0 if it exited
	Core   bool           // it left a core dump

	UserTime, SystemTime time.Duration // CPU time of all its threads and of children it waited for

	// MaxRSS is the most resident memory it had, in bytes. The kernel carries
	// the mark over fork and exec: it is never below what this process had
	// itself when it started the other. Usage of a live process has the true
	// figure.
	MaxRSS int64

	// Err is why the status is not known, nil if it is. That takes somebody
	// else in this process who reaps children, or who ignores SIGCHLD.
	Err error
}

// Success reports whether the process exited with code 0.
func (e Exit) Success() bool { return e.Err == nil && e.Signal == 0 && e.Code == 0 }

// String returns for instance "exited normally", "exit code 3" or
// "killed by signal 9 (killed)".
func (e Exit) String() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("exit status unknown (%v)", e.Err)
	case e.Signal != 0 && e.Core:
		return fmt.Sprintf("killed by signal %d (%v), core dumped", int(e.Signal), e.Signal)
	case e.Signal != 0:
		return fmt.Sprintf("killed by signal %d (%v)", int(e.Signal), e.Signal)
	case e.Code != 0:
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return "exited normally"
}

// newExit takes the result of os.Process.Wait.
func newExit(state *os.ProcessState, err error) Exit {
	if err != nil {
		return Exit{Code: -1, Err: err}
	}
	exit := Exit{
		Code:       state.ExitCode(),
		UserTime:   state.UserTime(),
		SystemTime: state.SystemTime(),
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		exit.Signal = status.Signal()
		exit.Core = status.CoreDump()
	}
	if rusage, ok := state.SysUsage().(*syscall.Rusage); ok {
		exit.MaxRSS = int64(rusage.Maxrss) << 10 // the kernel counts KiB
	}
	return exit
}
