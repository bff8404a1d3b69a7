package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestChildIsOnItsCoresWithAllThreadsFromTheStart(t *testing.T) {
	s := newSpawner(t)
	for _, core := range allowed(t) {
		c := childCommand("place")
		c.Cores = []int{core}
		lines, _ := run(t, s, c)
		if len(lines) < 2 {
			t.Fatalf("child printed %q, want GOMAXPROCS and a line per thread", lines)
		}
		for _, cores := range lines[1:] {
			equal(t, "cores of a thread", cores, strconv.Itoa(core))
		}
	}
}

func TestChildIsFreeAgainAfterPinnedOne(t *testing.T) {
	s := newSpawner(t)
	cores := allowed(t)
	pinned := childCommand("exit", "0")
	pinned.Cores = cores[:1]
	run(t, s, pinned)

	free := start(t, s, childCommand("sleep"))
	got, err := free.Cores()
	if err != nil || !slices.Equal(got, cores) {
		t.Errorf("cores of the unpinned child: got %v, %v, want %v", got, err, cores)
	}
}

func TestPinIsReadBackFromOutside(t *testing.T) {
	s := newSpawner(t)
	cores := allowed(t)
	c := childCommand("sleep")
	c.Cores = cores[len(cores)-1:]
	p := start(t, s, c)
	got, err := p.Cores()
	if err != nil || !slices.Equal(got, c.Cores) {
		t.Errorf("Cores: got %v, %v, want %v", got, err, c.Cores)
	}
	last, err := p.LastCore()
	if err != nil || last != c.Cores[0] {
		t.Errorf("LastCore: got %v, %v, want %v", last, err, c.Cores[0])
	}
}

func TestMaxProcsReplacesGOMAXPROCSOfEnvironment(t *testing.T) {
	s := newSpawner(t)
	c := childCommand("place")
	c.Env = append([]string{"GOMAXPROCS=7"}, c.Env...)
	c.Cores = allowed(t)[:1]
	c.MaxProcs = 3
	lines, _ := run(t, s, c)
	equal(t, "GOMAXPROCS seen by the child", lines[0], "3")

	c.MaxProcs = 0
	lines, _ = run(t, s, c)
	equal(t, "GOMAXPROCS with MaxProcs 0", lines[0], "7")
	equal(t, "first variable of the caller's slice", c.Env[0], "GOMAXPROCS=7")
}

func TestChildFindsFilesArgumentsDirectoryAndEmptyInput(t *testing.T) {
	s := newSpawner(t)
	dir := t.TempDir()
	var files []*os.File
	for _, name := range []string{"one", "two"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("file "+name), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		files = append(files, file)
	}
	c := childCommand("files", "a", "b c")
	c.Env = append(c.Env, "PROC_TEST_VALUE=here")
	c.Files = files
	c.Dir = dir
	lines, exit := run(t, s, c)
	want := []string{"0: ", "3: file one", "4: file two", "child [a b c] " + dir + " here"}
	if !slices.Equal(lines, want) || !exit.Success() {
		t.Errorf("child printed %q and ended with %v, want %q", lines, exit, want)
	}
}

func TestCommandDefaultsAreOwnEnvironmentAndPathAsName(t *testing.T) {
	s := newSpawner(t)
	t.Setenv(childMode, "write")
	lines, exit := run(t, s, Command{Path: "/proc/self/exe", Args: []string{"child", "hello", ""}})
	if !slices.Equal(lines, []string{"hello"}) {
		t.Errorf("child with inherited environment printed %q (%v)", lines, exit)
	}
	equal(t, "default name", (&Command{Path: "/bin/x"}).args()[0], "/bin/x")
}

func TestCoresThatAreNotAllowedAreRefusedWithTheAllowed(t *testing.T) {
	s := newSpawner(t)
	cores := allowed(t)
	for _, core := range []int{-1, cores[len(cores)-1] + 1, maxCores, 1 << 40} {
		c := childCommand("exit", "0")
		c.Cores = []int{cores[0], core}
		_, err := s.Start(c)
		if !errors.Is(err, ErrNoCore) {
			t.Errorf("Start on core %d: got error %v, want ErrNoCore", core, err)
			continue
		}
		contains(t, "message", err.Error(), fmt.Sprint(core), "allowed: "+FormatCoreList(cores))
	}
}

func TestStartErrorNamesCauseAndNextStep(t *testing.T) {
	s := newSpawner(t)
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := file("plain", "#!/bin/sh\n", 0o600)
	for _, test := range []struct {
		name    string
		command Command
		is      error
		advice  string
	}{
		{"no path", Command{}, fs.ErrNotExist, "set Command.Path"},
		{"missing file", Command{Path: dir + "/missing"}, fs.ErrNotExist, "check the path"},
		{"missing name", Command{Path: "missing"}, fs.ErrNotExist, "exec.LookPath"},
		{"missing directory", Command{Path: "/proc/self/exe", Dir: dir + "/missing"}, fs.ErrNotExist, "working directory"},
		{"relative to directory", Command{Path: "./plain", Dir: dir}, fs.ErrPermission, "chmod +x"},
		{"not executable", Command{Path: plain}, fs.ErrPermission, "chmod +x"},
		{"directory", Command{Path: dir}, fs.ErrPermission, "it is a directory"},
		{"device", Command{Path: os.DevNull}, fs.ErrPermission, "no regular file"},
		{"below a file", Command{Path: plain + "/x"}, syscall.ENOTDIR, "a directory above"},
		{"no interpreter", Command{Path: file("script", "#!/missing/sh\n", 0o700)}, fs.ErrNotExist, "its interpreter"},
		{"no program", Command{Path: file("text", "text\n", 0o700)}, syscall.ENOEXEC, "not a program"},
		{"long argument", Command{Path: "/proc/self/exe", Args: []string{strings.Repeat("x", 1<<20)}}, syscall.E2BIG, "too long"},
		{"zero byte", Command{Path: "/proc/self/exe", Args: []string{"x\x00"}}, syscall.EINVAL, "zero byte"},
	} {
		_, err := s.Start(test.command)
		if !errors.Is(err, ErrStart) || !errors.Is(err, test.is) {
			t.Errorf("%s: got error %v, want ErrStart and %v", test.name, err, test.is)
			continue
		}
		contains(t, test.name, err.Error(), strconv.Quote(test.command.Path), test.advice)
	}
}

func TestStartWithoutFreeDescriptorsSaysWhichLimit(t *testing.T) {
	lines, exit := run(t, newSpawner(t), childCommand("limit"))
	if !exit.Success() || len(lines) < 3 {
		t.Fatalf("child printed %q and ended with %v, want an error for each missing descriptor", lines, exit)
	}
	for _, line := range lines {
		contains(t, "message", line, ErrStart.Error(), "ulimit -n")
	}
}

func TestStartAfterCloseReportsClosed(t *testing.T) {
	s := NewSpawner()
	s.Close()
	s.Close()
	before := openFiles()
	c := childCommand("exit", "0")
	c.Stdout = func(string) {}
	if _, err := s.Start(c); !errors.Is(err, ErrClosed) {
		t.Errorf("Start: got error %v, want ErrClosed", err)
	}
	equal(t, "open descriptors", openFiles(), before)
}

func TestSpawnerNeverOwnsTheMainThread(t *testing.T) {
	lines, exit := run(t, newSpawner(t), childCommand("threads"))
	if !slices.Equal(lines, []string{"0"}) {
		t.Errorf("Spawners on the main thread: got %q, want 0 (%v)", lines, exit)
	}
}

func TestHundredProcessesLeaveNoDescriptor(t *testing.T) {
	s := newSpawner(t)
	run(t, s, childCommand("write", "out", "")) // opens what the runtime keeps for good
	before := openFiles()
	var starters sync.WaitGroup
	for worker := range 4 {
		starters.Go(func() {
			for i := range 25 {
				c := childCommand("exit", strconv.Itoa(worker))
				c.Stdout, c.Stderr = func(string) {}, func(string) {}
				p, err := s.Start(c)
				if err != nil {
					t.Errorf("start %d: %v", i, err)
					return
				}
				await(t, "the end of the process", p.Done())
				equal(t, "exit code", p.Exit().Code, worker)
				missing := childCommand("exit")
				missing.Path = "/missing"
				missing.Stdout = c.Stdout
				if _, err := s.Start(missing); !errors.Is(err, ErrStart) {
					t.Errorf("start of a missing program: got %v, want ErrStart", err)
				}
			}
		})
	}
	starters.Wait()
	equal(t, "open descriptors", openFiles(), before)
}

func allowed(t *testing.T) []int {
	t.Helper()
	cores, err := AllowedCores()
	if err != nil || len(cores) == 0 {
		t.Fatalf("AllowedCores: got %v, %v", cores, err)
	}
	return cores
}
