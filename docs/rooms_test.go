// Package docs_test holds the project to what its documents say: where things
// live, what may import what, and that the limits in the tables are the ones in
// the code.
package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ringmaster-ipc/ringmaster/"

// rooms lists, for each room, the rooms it may import: everything below it. A
// room that is not here may import anything.
var rooms = map[string][]string{
	"shm":        {},
	"ring":       {"shm"},
	"codec":      {"shm"},
	"worker":     {"ring", "codec", "shm"},
	"supervisor": {"worker", "ring", "codec", "shm"},
	"bench":      {"supervisor", "worker", "ring", "codec", "shm"},
	"cmd":        {"bench", "supervisor", "worker", "ring", "codec", "shm"},
	"examples":   {"supervisor", "worker", "ring", "codec", "shm"},
}

// outside lists what each room may import from other modules.
var outside = map[string][]string{
	"shm":        {"golang.org/x/sys/"},
	"ring":       {"golang.org/x/sys/"},
	"codec":      {"github.com/klauspost/compress/"},
	"worker":     {},
	"supervisor": {"golang.org/x/sys/", "github.com/prometheus/procfs"},
}

// source is one Go file that is not a test.
type source struct {
	path string // slashes, from the top
	file *ast.File
}

func (s source) room() string { return strings.SplitN(s.path, "/", 2)[0] }

func (s source) imports() []string {
	var list []string
	for _, spec := range s.file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		list = append(list, path)
	}
	return list
}

func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	top := ".."
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			return filepath.SkipDir
		}
		if d.IsDir() && path != top {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
				return filepath.SkipDir // a module of its own
			}
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, path)
		list = append(list, source{filepath.ToSlash(rel), file})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 50 {
		t.Fatalf("found %d Go files below %s; the test looks in the wrong place", len(list), top)
	}
	return list
}

func TestImportsPointDown(t *testing.T) {
	for _, s := range sources(t) {
		allowed, known := rooms[s.room()]
		if !known {
			continue
		}
		for _, path := range s.imports() {
			below, ours := strings.CutPrefix(path, module)
			if !ours {
				continue
			}
			to := strings.SplitN(below, "/", 2)[0]
			if to != s.room() && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s: %s may import %v only", s.path, path, s.room(), allowed)
			}
		}
	}
}

func TestRoomsImportTheirLibrariesOnly(t *testing.T) {
	for _, s := range sources(t) {
		allowed, known := outside[s.room()]
		if !known {
			continue
		}
		for _, path := range s.imports() {
			first := strings.SplitN(path, "/", 2)[0]
			if strings.HasPrefix(path, module) || !strings.Contains(first, ".") {
				continue // ours, or the standard library
			}
			if !slices.ContainsFunc(allowed, func(prefix string) bool { return strings.HasPrefix(path, prefix) }) {
				t.Errorf("%s imports %s: %s may import %v only", s.path, path, s.room(), allowed)
			}
		}
	}
}

func TestUnsafeHasAnAddress(t *testing.T) {
	for _, s := range sources(t) {
		named := strings.HasSuffix(s.path, "_unsafe.go") || strings.HasSuffix(s.path, "_linux.go")
		home := (s.room() == "shm" || s.room() == "ring") && named
		if slices.Contains(s.imports(), "unsafe") && !home {
			t.Errorf("%s imports unsafe: it lives in *_unsafe.go and *_linux.go of shm and ring", s.path)
		}
	}
}

// systemRooms are the folders whose *_linux.go files may make system calls:
// memory and futexes in shm and ring, affinity and process ends in proc.
var systemRooms = []string{"shm", "ring", "supervisor/internal/proc"}

func TestSystemCallsHaveAnAddress(t *testing.T) {
	for _, s := range sources(t) {
		if !slices.Contains(s.imports(), "golang.org/x/sys/unix") {
			continue
		}
		folder := s.path[:strings.LastIndex(s.path, "/")]
		if !slices.Contains(systemRooms, folder) || !strings.HasSuffix(s.path, "_linux.go") {
			t.Errorf("%s imports x/sys/unix: system calls live in *_linux.go of %v", s.path, systemRooms)
		}
	}
}

func TestRawSystemCallsStayInShmAndRing(t *testing.T) {
	for _, s := range sources(t) {
		if s.room() == "shm" || s.room() == "ring" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok {
				if name := call.Sel.Name; strings.HasPrefix(name, "RawSyscall") || name == "Syscall" || name == "Syscall6" {
					t.Errorf("%s uses %s", s.path, name)
				}
			}
			return true
		})
	}
}

func TestTopLevelHasOnlyTheAgreedNames(t *testing.T) {
	agreed := []string{
		"go.mod", "go.sum", "shm", "ring", "supervisor", "worker", "codec", "cmd", "bench", "examples", "docs",
		"Makefile", "README.md", "LICENSE",
	}
	entries, err := filepath.Glob("../*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range entries {
		name := filepath.Base(path)
		if !strings.HasPrefix(name, ".") && name != "bin" && !slices.Contains(agreed, name) {
			t.Errorf("top level has %q; the agreed names are %v", name, agreed)
		}
	}
}
