package supervisor

import (
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ringmaster-ipc/ringmaster/supervisor/internal/proc"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

func init() { worker.AllowParent() }

// selfPath is this very program, even if its file was replaced since.
const selfPath = "/proc/self/exe"

// Exec returns the description of a worker in a binary of its own: any program
// that calls worker.Main. A path without a slash is looked up in PATH. The
// worker is named after the binary; give it another name with Named, start
// arguments with WithArgs, and say which kind to run with OfKind where the
// binary defines several.
func Exec(path string, args ...string) worker.Spec {
	if !strings.ContainsRune(path, '/') {
		if found, err := exec.LookPath(path); err == nil {
			path = found
		}
	}
	if strings.ContainsRune(path, '/') { // against this process's folder, whatever Spec.Dir will be
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
	}
	return worker.Spec{Path: path, Argv: args, Name: filepath.Base(path)}.WithArgs(worker.None{})
}

// buildOf returns a number that is the same for two processes exactly when they
// run the same file: what is compared before types of package main are taken
// for the same.
func buildOf(path string) (uint64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("supervisor: binary %s: %w", path, err)
	}
	h := fnv.New64a()
	fmt.Fprint(h, info.Size(), info.ModTime().UnixNano())
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		fmt.Fprint(h, "/", stat.Dev, "/", stat.Ino)
	}
	return h.Sum64(), nil
}

// Cores returns the cores that this process, and so its workers, may run on.
func Cores() ([]int, error) { return proc.AllowedCores() }
