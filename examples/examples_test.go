// Package examples checks that every example does what it says, and that the
// guide quotes them as they are.
package examples

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// runLimit is how long one example may take: a bound for what hangs.
const runLimit = time.Minute

// programs returns the folders that hold a program, except symbols, which has
// tests of its own.
func programs(t *testing.T) []string {
	t.Helper()
	var folders []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path == "symbols" {
			return filepath.SkipDir
		}
		if err == nil && d.Name() == "main.go" {
			folders = append(folders, filepath.Dir(path))
		}
		return err
	})
	if err != nil || len(folders) == 0 {
		t.Fatalf("looking for examples: %d found, %v", len(folders), err)
	}
	return folders
}

// build builds all programs at once and returns the folder with them.
func build(t *testing.T, folders []string) string {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-o", dir}
	for _, f := range folders {
		args = append(args, "./"+f)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return dir
}

func TestEveryExamplePrintsWhatItsGoldenSays(t *testing.T) {
	folders := programs(t)
	dir := build(t, folders)
	for _, folder := range folders {
		name := filepath.Base(folder)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := readGolden(filepath.Join("testdata", name+".txt"))
			if err != nil {
				t.Fatalf("every example needs a golden: %v", err)
			}
			got := run(t, filepath.Join(dir, name), want.stdin)
			if err := want.compare(got); err != nil {
				t.Errorf("%v\nstdout:\n%s\nstderr:\n%s\nrun it with: go run ./examples/%s", err, got.stdout, got.stderr, folder)
			}
		})
	}
}

// result is what a program did.
type result struct {
	stdout, stderr string
	status         int
}

func run(t *testing.T, path, stdin string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && (!exited || ctx.Err() != nil) {
		t.Fatalf("%s: %v (limit %v)\nstdout:\n%s\nstderr:\n%s", path, err, runLimit, &stdout, &stderr)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func TestEveryGoldenHasAnExample(t *testing.T) {
	known := map[string]bool{}
	for _, folder := range programs(t) {
		name := filepath.Base(folder)
		if known[name] {
			t.Errorf("two examples are named %s: their binaries and goldens would be one", name)
		}
		known[name] = true
	}
	goldens, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range goldens {
		if name := strings.TrimSuffix(filepath.Base(path), ".txt"); !known[name] {
			t.Errorf("%s belongs to no example", path)
		}
	}
}

func TestReadmeListsEveryExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if row := "| [" + e.Name() + "](" + e.Name() + "/"; e.IsDir() && e.Name() != "testdata" && !strings.Contains(string(readme), row) {
			t.Errorf("README.md has no row that begins with %q", row)
		}
	}
}
