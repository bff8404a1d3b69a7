package proc

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// Command describes a process to start. It is only read: one Command may be
// started any number of times.
type Command struct {
	// Path is the program's file. It is not looked up in $PATH; a relative one
	// is relative to Dir.
	Path string

	// Args is the argument vector with the program's name first. Default: Path
	// alone.
	Args []string

	// Env is the environment as "key=value". Default (nil): that of this
	// process.
	Env []string

	// Dir is the working directory. Default: that of this process.
	Dir string

	// Files are what the process finds as descriptors 3, 4, …; a nil entry
	// leaves its number closed. They stay the caller's, to be closed once Start
	// has returned. Start puts those that Go reads without blocking, such as
	// pipes, in blocking mode; that holds for the caller's use of them too.
	Files []*os.File

	// Cores are the cores that all threads of the process are confined to.
	// Default (none): wherever this process may run.
	Cores []int

	// MaxProcs is the process's GOMAXPROCS, put in its environment in place of
	// any value there. Default (0): the environment is left as it is, and Go
	// chooses the number of Cores, which is 1 for a process pinned to one core.
	MaxProcs int

	// Stdout and Stderr receive what the process prints. Default (nil): it is
	// discarded. Standard input is always empty.
	Stdout, Stderr LineFunc

	// SweepGroup kills what is left of the process group as soon as the process
	// has ended. It is done before the process is reaped, the last moment at
	// which the group's id is certain to mean this group.
	SweepGroup bool
}

func (c *Command) args() []string {
	if len(c.Args) == 0 {
		return []string{c.Path}
	}
	return c.Args
}

// environ returns the environment with GOMAXPROCS settled. An earlier value has
// to go: the Go runtime reads the first one it finds, not the last.
func (c *Command) environ() []string {
	env := c.Env
	if env == nil {
		env = os.Environ()
	}
	if c.MaxProcs <= 0 {
		return env
	}
	const key = "GOMAXPROCS="
	env = slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		return strings.HasPrefix(entry, key)
	})
	return append(env, key+strconv.Itoa(c.MaxProcs))
}
