package proc

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary is also the program that the tests start: the environment
// variable childMode says which part it plays. Children that wait do so for
// childLife at most, so that a failed test leaves nothing behind.
const (
	childMode = "PROC_TEST_CHILD"
	childLife = 60 * time.Second
)

var childModes = map[string]func(args []string){
	"sleep":   func([]string) { time.Sleep(childLife) },
	"exit":    func(args []string) { os.Exit(number(args[0])) },
	"signal":  signalSelf,
	"write":   func(args []string) { fmt.Print(args[0]); fmt.Fprint(os.Stderr, args[1]) },
	"lines":   printLines,
	"place":   printPlace,
	"files":   printFiles,
	"burn":    burn,
	"parent":  startGrandchild,
	"spawner": spawnAndSleep,
	"threads": printSpawnerThreads,
	"limit":   startWithoutDescriptors,
	"reaper":  ignoreChildren,
	"leave":   leaveGroup,
}

func TestMain(m *testing.M) {
	if mode := os.Getenv(childMode); mode != "" {
		os.Unsetenv(childMode) // its own children have their own part
		childModes[mode](os.Args[1:])
		os.Exit(0)
	}
	// Under the race detector a process sleeps for a second before it exits.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	os.Exit(m.Run())
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	must(err)
	return n
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func signalSelf(args []string) {
	must(unix.Kill(os.Getpid(), syscall.Signal(number(args[0]))))
	time.Sleep(childLife)
}

// printLines prints args[1] numbered lines marked args[0] to both streams, with
// many lines and cuts inside lines to one write.
func printLines(args []string) {
	for _, file := range []*os.File{os.Stdout, os.Stderr} {
		out := bufio.NewWriterSize(file, 1000)
		for i := range number(args[1]) {
			fmt.Fprintf(out, "%s %d %s\n", args[0], i, strings.Repeat(args[0], i%50))
		}
		must(out.Flush())
	}
}

// printPlace prints GOMAXPROCS, and the cores of every thread of the process.
func printPlace([]string) {
	fmt.Println(runtime.GOMAXPROCS(0))
	threads, err := os.ReadDir("/proc/self/task")
	must(err)
	for _, thread := range threads {
		cores, err := affinity(number(thread.Name()))
		must(err)
		fmt.Println(FormatCoreList(cores))
	}
}

// printFiles prints what is in descriptors 0, 3 and 4, its arguments, its
// directory and the variable PROC_TEST_VALUE.
func printFiles(args []string) {
	for _, fd := range []uintptr{0, 3, 4} {
		text, err := io.ReadAll(os.NewFile(fd, "file"))
		must(err)
		fmt.Printf("%d: %s\n", fd, text)
	}
	dir, err := os.Getwd()
	must(err)
	fmt.Println(os.Args[0], args, dir, os.Getenv("PROC_TEST_VALUE"))
}

// burn uses args[0] MiB of memory and some CPU time, says so, and waits for a
// signal to end.
func burn(args []string) {
	memory := bytes.Repeat([]byte{1}, number(args[0])<<20)
	var self unix.Rusage
	for self.Utime.Nano() < int64(50*time.Millisecond) {
		for i := range memory {
			memory[i]++
		}
		must(unix.Getrusage(unix.RUSAGE_SELF, &self))
	}
	fmt.Println("burnt")
	time.Sleep(childLife)
}

// startGrandchild starts a process that keeps the output open, prints its id
// and what else args[0] says, and ends or, with args[1], sleeps.
func startGrandchild(args []string) {
	grandchild := exec.Command("/proc/self/exe")
	grandchild.Env = append(os.Environ(), childMode+"=sleep")
	grandchild.Stdout, grandchild.Stderr = os.Stdout, os.Stderr
	must(grandchild.Start())
	fmt.Println(grandchild.Process.Pid)
	fmt.Print(args[0])
	if len(args) > 1 {
		time.Sleep(childLife)
	}
}

// spawnAndSleep is a supervisor in small.
func spawnAndSleep([]string) {
	p, err := NewSpawner().Start(childCommand("sleep"))
	must(err)
	fmt.Println(p.Pid())
	time.Sleep(childLife)
}

// printSpawnerThreads prints how many of many Spawners own the main thread.
func printSpawnerThreads([]string) {
	runtime.GOMAXPROCS(1)
	onMain := 0
	for range 200 {
		s := NewSpawner()
		must(s.do(func() {
			if onMainThread() {
				onMain++
			}
		}))
		s.Close()
	}
	fmt.Println(onMain)
}

// startWithoutDescriptors prints the error of a Start that finds no descriptor
// free, at the first file, the first pipe and so on, until it succeeds.
func startWithoutDescriptors([]string) {
	s := NewSpawner()
	first, err := s.Start(childCommand("exit", "0")) // the runtime's own descriptors
	must(err)
	<-first.Done()
	c := childCommand("exit", "0")
	c.Stdout, c.Stderr = func(string) {}, func(string) {}
	open := openFiles()
	for spare := range 20 {
		limit := unix.Rlimit{Cur: uint64(open + spare), Max: 1000}
		must(unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
		p, err := s.Start(c)
		if err == nil {
			<-p.Done()
			return
		}
		fmt.Println(err)
	}
}

// ignoreChildren leaves its children to the kernel, which reaps them and forgets
// their status, and prints an Exit.
func ignoreChildren([]string) {
	signal.Ignore(syscall.SIGCHLD)
	p, err := NewSpawner().Start(childCommand("exit", "3"))
	must(err)
	<-p.Done()
	fmt.Println(p.Exit(), p.Exit().Success())
}

// leaveGroup moves to the process group of the parent and says so.
func leaveGroup([]string) {
	group, err := unix.Getpgid(os.Getppid())
	must(err)
	must(unix.Setpgid(0, group))
	fmt.Println(group)
	time.Sleep(childLife)
}

// openFiles returns how many descriptors this process has.
func openFiles() int {
	files, err := os.ReadDir("/proc/self/fd")
	must(err)
	return len(files) - 1 // the directory itself
}
