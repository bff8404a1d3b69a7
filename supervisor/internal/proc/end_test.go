package proc

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestExitTellsCode(t *testing.T) {
	s := newSpawner(t)
	for code, text := range map[int]string{0: "exited normally", 3: "exit code 3", 255: "exit code 255"} {
		_, exit := run(t, s, childCommand("exit", strconv.Itoa(code)))
		equal(t, "code", exit.Code, code)
		equal(t, "text", exit.String(), text)
		equal(t, "success", exit.Success(), code == 0)
	}
}

func TestExitTellsSignal(t *testing.T) {
	s := newSpawner(t)
	_, exit := run(t, s, childCommand("signal", strconv.Itoa(int(syscall.SIGKILL))))
	equal(t, "signal", exit.Signal, syscall.SIGKILL)
	equal(t, "code", exit.Code, -1)
	equal(t, "text", exit.String(), "killed by signal 9 (killed)")
	equal(t, "success", exit.Success(), false)

	p := start(t, s, childCommand("sleep"))
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the process", p.Done())
	equal(t, "text", p.Exit().String(), "killed by signal 15 (terminated)")
}

func TestExitTellsCoreDump(t *testing.T) {
	c := Command{Path: "/bin/sh", Args: []string{"sh", "-c", "ulimit -c unlimited && kill -SEGV $$"}, Dir: t.TempDir()}
	_, exit := run(t, newSpawner(t), c)
	if !exit.Core {
		t.Skipf("no core dump here (%v): limit or core_pattern", exit)
	}
	equal(t, "text", exit.String(), "killed by signal 11 (segmentation fault), core dumped")
}

func TestExitTellsWhenStatusIsLost(t *testing.T) {
	lines, _ := run(t, newSpawner(t), childCommand("reaper"))
	contains(t, "exit", strings.Join(lines, "\n"), "exit status unknown", "no child processes", "false")
}

func TestUsageIsReadLiveAndAfterTheEnd(t *testing.T) {
	const memory = 64
	out := newOutput()
	c := childCommand("burn", strconv.Itoa(memory))
	c.Stdout = out.add
	p := start(t, newSpawner(t), c)
	await(t, "the work of the child", out.first)
	live, err := p.Usage()
	if err != nil {
		t.Fatal(err)
	}
	if live.RSS < memory<<20 || live.MaxRSS < live.RSS || live.UserTime <= 0 {
		t.Errorf("usage of a process that holds %d MiB: got %+v", memory, live)
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the process", p.Done())
	final, err := p.Usage()
	if err != nil {
		t.Fatal(err)
	}
	// /proc counts in ticks, rusage does not: one tick of rounding is allowed.
	if final.RSS != 0 || final.MaxRSS < memory<<20 || final.UserTime+clockTick < live.UserTime {
		t.Errorf("usage after the end: got %+v, live it was %+v", final, live)
	}
	equal(t, "CPU time in Exit", p.Exit().UserTime, final.UserTime)
}

func TestGroupKillTakesGrandchildren(t *testing.T) {
	out := newOutput()
	c := childCommand("parent", "", "sleep")
	c.Stdout = out.add
	p := start(t, newSpawner(t), c)
	dies := out.awaitPid(t)
	if err := p.KillGroup(); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the process", p.Done())
	equal(t, "signal", p.Exit().Signal, syscall.SIGKILL)
	if !dies(patience) {
		t.Errorf("the grandchild is alive %v after KillGroup", patience)
	}
}

func TestGroupKillTakesProcessThatHasLeftItsGroup(t *testing.T) {
	out := newOutput()
	c := childCommand("leave")
	c.Stdout = out.add
	p := start(t, newSpawner(t), c)
	await(t, "the child's new group", out.first)
	if err := p.KillGroup(); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the process", p.Done())
	equal(t, "signal", p.Exit().Signal, syscall.SIGKILL)
}

func TestSweepGroupTakesGrandchildrenOfProcessThatEnded(t *testing.T) {
	out := newOutput()
	c := childCommand("parent", "")
	c.Stdout = out.add
	c.SweepGroup = true
	p := start(t, newSpawner(t), c)
	await(t, "the end of the process", p.Done())
	equal(t, "exit", p.Exit().String(), "exited normally")
	await(t, "the output", out.first)
	pid := number(out.all()[0])
	// It is gone, or it waits for init to reap it.
	deadline := time.Now().Add(patience)
	for !deadOrZombie(pid) {
		if time.Now().After(deadline) {
			t.Fatalf("grandchild %d is alive %v after the end of the process", pid, patience)
		}
		time.Sleep(time.Millisecond)
	}
}

func deadOrZombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestProcessThatEndedTakesNoSignals(t *testing.T) {
	p := start(t, newSpawner(t), childCommand("exit", "0"))
	await(t, "the end of the process", p.Done())
	equal(t, "alive", p.Alive(), false)
	_, coresErr := p.Cores()
	_, lastErr := p.LastCore()
	for what, err := range map[string]error{
		"Signal": p.Signal(syscall.SIGKILL), "KillGroup": p.KillGroup(), "Cores": coresErr, "LastCore": lastErr,
	} {
		if !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("%s after the end: got error %v, want os.ErrProcessDone", what, err)
			continue
		}
		contains(t, what, err.Error(), strconv.Itoa(p.Pid()))
	}
}

func TestProcessIsAliveUntilItEnds(t *testing.T) {
	p := start(t, newSpawner(t), childCommand("sleep"))
	equal(t, "alive", p.Alive(), true)
	group, err := unix.Getpgid(p.Pid())
	if err != nil || group != p.Pid() {
		t.Errorf("process group: got %v, %v, want its own, %d", group, err, p.Pid())
	}
	if err := p.KillGroup(); err != nil {
		t.Fatal(err)
	}
	await(t, "the death of the process", p.Reaped())
	equal(t, "alive", p.Alive(), false)
}

func TestDeathOfSupervisorKillsItsProcesses(t *testing.T) {
	out := newOutput()
	c := childCommand("spawner")
	c.Stdout = out.add
	supervisor := start(t, newSpawner(t), c)
	dies := out.awaitPid(t)
	killed := time.Now()
	if err := supervisor.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if !dies(patience) {
		t.Fatalf("the child is alive %v after the death of its supervisor", patience)
	}
	t.Logf("the child died %v after its supervisor was killed", time.Since(killed))
}

func TestCloseKillsWhatStillRuns(t *testing.T) {
	s := NewSpawner()
	p := start(t, s, childCommand("sleep"))
	s.Close()
	await(t, "the end of the process", p.Done())
	equal(t, "signal", p.Exit().Signal, syscall.SIGKILL)
}

func TestWaitingForProcessesTakesNoThreads(t *testing.T) {
	s := newSpawner(t)
	first := start(t, s, childCommand("sleep"))
	if err := awaitPidfdProbe(first); err != nil {
		t.Skipf("no pidfd here (%v): a thread per process it is", err)
	}
	before := threads(t)
	const count = 40
	for range count {
		start(t, s, childCommand("sleep"))
	}
	if after := threads(t); after > before+count/2 {
		t.Errorf("threads: %d before %d processes were started, %d after", before, count, after)
	}
}

func awaitPidfdProbe(p *Process) error {
	fd, err := unix.PidfdOpen(p.Pid(), unix.O_NONBLOCK)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func threads(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

func TestDeathIsKnownWithoutPidfdToo(t *testing.T) {
	started, err := os.StartProcess("/proc/self/exe", []string{"child", "4"}, &os.ProcAttr{
		Env: append(slices.Clone(os.Environ()), childMode+"=exit"),
	})
	if err != nil {
		t.Fatal(err)
	}
	dead := make(chan struct{})
	go func() {
		defer close(dead)
		awaitBlocked(started.Pid)
	}()
	await(t, "the death of the child", dead)
	exit := newExit(started.Wait())
	equal(t, "exit", exit.String(), "exit code 4")
}
