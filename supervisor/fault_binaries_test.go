package supervisor_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// binaries is the folder with the programs of testdata.
type binaries string

// path returns the path of a program.
func (b binaries) path(name string) string { return filepath.Join(string(b), name) }

func buildBinaries(t *testing.T) binaries {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir, "./testdata/gauge", "./testdata/meter", "./testdata/several", "./testdata/imposter")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	return binaries(dir)
}

func TestSeparateBinaries(t *testing.T) {
	built := buildBinaries(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, binaries)
	}{
		{"that lay a type out differently report ErrLayout", layoutsDiffer},
		{"need a name for types of package main", mainNeedsAName},
		{"report a type that the listener does not know", listenerDoesNotKnow},
		{"say what they are when started by hand", startedByHand},
		{"with several kinds must be told which", severalKinds},
		{"with one kind need not be told which", oneKind},
		{"of another version are refused, and both versions named", anotherVersion},
		{"that make no sense end the run", nonsense},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, built) })
	}
}

func layoutsDiffer(t *testing.T, built binaries) {
	o := runFault(t, nil, supervisor.Exec(built.path("gauge")).WithArgs("layout"), supervisor.Exec(built.path("meter")))
	o.failsWith(t, "meter", "error", worker.ErrLayout, "test.reading", `"gauge"`, "at the sender", "here", "fixed")
}

func mainNeedsAName(t *testing.T, built binaries) {
	o := runFault(t, nil, supervisor.Exec(built.path("gauge")).WithArgs("nameless"), supervisor.Exec(built.path("meter")))
	o.failsWith(t, "meter", "error", worker.ErrUnregistered, "main.nameless", "gauge", "WithName")
}

func listenerDoesNotKnow(t *testing.T, built binaries) {
	o := runFault(t, nil, supervisor.Exec(built.path("gauge")).WithArgs("unregistered"), supervisor.Exec(built.path("meter")))
	o.failsWith(t, "meter", "error", worker.ErrUnregistered, "test.level", "gauge")
}

func startedByHand(t *testing.T, built binaries) {
	var stdout, stderr bytes.Buffer
	command := exec.Command(built.path("several"))
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if code := command.ProcessState.ExitCode(); code != 2 {
		t.Errorf("it ended with %v, want status 2", err)
	}
	says(t, stderr.String(), "several is a ringmaster worker", "first, second", "cannot be started by hand", "supervisor.Exec")
	if stdout.Len() > 0 {
		t.Errorf("on standard output it says %q", stdout.String())
	}
}

func severalKinds(t *testing.T, built binaries) {
	o := runFault(t, nil, supervisor.Exec(built.path("several")))
	o.failsWith(t, "several", "start", worker.ErrUnknownKind, "first", "second", "OfKind")
	o = runFault(t, nil, supervisor.Exec(built.path("several")).OfKind("third"))
	o.failsWith(t, "several", "start", worker.ErrUnknownKind, "first", "second", "third")
	o = runFault(t, nil, supervisor.Exec(built.path("several")).OfKind("second"))
	if o.err != nil || o.stdout.String() != "kind second\n" {
		t.Errorf("of kind second: %v, printed %q", o.err, o.stdout.String())
	}
}

func oneKind(t *testing.T, built binaries) {
	o := runFault(t, nil, supervisor.Exec(built.path("gauge")).WithArgs(7))
	o.failsWith(t, "gauge", "error", nil, "start arguments", "gauge", "string")
}

func anotherVersion(t *testing.T, built binaries) {
	path := built.path("imposter")
	o := runFault(t, nil, supervisor.Exec(path, "version"))
	o.failsWith(t, "imposter", "start", worker.ErrVersion, "protocol 99", "this program 1", `"imposter"`)
	o = runFault(t, nil, supervisor.Exec(path, "layout"))
	o.failsWith(t, "imposter", "start", worker.ErrVersion, "layout 77")

	var group supervisor.Group
	if err := errors.Join(group.Add(supervisor.Exec(path, "version")), group.Start()); err != nil {
		t.Fatal(err)
	}
	err := group.Wait(t.Context())
	if !errors.Is(err, worker.ErrVersion) {
		t.Errorf("in a process list: %v, want ErrVersion", err)
	}
}

func nonsense(t *testing.T, built binaries) {
	path := built.path("imposter")
	for _, what := range []string{"silent", "rude"} {
		runFault(t, nil, supervisor.Exec(path, what)).failsWith(t, "imposter", "start", nil, "hello")
	}
	runFault(t, nil, supervisor.Exec(path, "fails")).failsWith(t, "imposter", "exit", nil, "ended by itself")
}

func TestProgramThatIsNoWorkerDoesNotStart(t *testing.T) {
	short := []supervisor.Option{supervisor.WithStartLimit(100 * time.Millisecond)}
	for _, c := range []struct {
		spec  worker.Spec
		cause error
		words []string
	}{
		{supervisor.Exec("true"), nil, []string{"ended before it had connected", "worker.Main"}},
		{supervisor.Exec("/bin/sleep", "100"), supervisor.ErrStartLimit, []string{"100ms"}},
		{supervisor.Exec("/no/such/program"), os.ErrNotExist, []string{"/no/such/program"}},
		{supervisor.Exec("no-such-program-anywhere"), os.ErrNotExist, []string{"no-such-program-anywhere"}},
		{supervisor.Exec(notExecutable(t)), os.ErrPermission, []string{"plain"}},
		{supervisor.Exec(t.TempDir()), os.ErrPermission, nil},
		{inFolder(supervisor.Exec("true"), "/no/such/folder"), os.ErrNotExist, []string{"/no/such/folder"}},
	} {
		o := runFault(t, short, c.spec, faultSleeper)
		o.failsWith(t, c.spec.Name, "start", c.cause, c.words...)
	}
}

func inFolder(spec worker.Spec, dir string) worker.Spec {
	spec.Dir = dir
	return spec
}

func notExecutable(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(path, []byte("plain text"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
