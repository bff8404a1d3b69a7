package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/scanner"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// folders make what a folder may hold.
var folders = map[string]func(t *testing.T, root string){
	"empty": func(t *testing.T, root string) {},
	"no Go files": func(t *testing.T, root string) {
		write(t, root, "a.c", "int main;")
		write(t, root, "b.GO", "package b")
		write(t, root, "go", "package c")
		write(t, root, "sub/go.mod", "module d")
	},
	"plain": func(t *testing.T, root string) {
		for i := range 20 {
			write(t, root, fmt.Sprintf("p%d/a.go", i%3+i), fmt.Sprintf("package p%d\n\nfunc name(name%d int) { name(name%d) }\n", i, i, i))
		}
	},
	"many": func(t *testing.T, root string) {
		for i := range 600 {
			write(t, root, fmt.Sprintf("%d/%d.go", i%7, i), fmt.Sprintf("package many; const c%d = %d", i%50, i))
		}
	},
	"sizes": func(t *testing.T, root string) {
		const inline, chunk = 16 << 10, 4 << 20 // where a file goes another way
		for _, edge := range []int{1, 4 << 10, inline, chunk} {
			for size := edge - stampSize - 3; size <= edge+3; size++ {
				if size >= 0 && (edge < chunk || size%3 == 0) {
					write(t, root, fmt.Sprintf("%d.go", size), soup(size))
				}
			}
		}
		write(t, root, "huge.go", soup(20<<20)) // more than a slab has
	},
	"links": func(t *testing.T, root string) {
		elsewhere := t.TempDir()
		write(t, elsewhere, "outside.txt", "package outside; var linked int")
		write(t, elsewhere, "folder/unseen.go", "package unseen")
		write(t, root, "a.go", "package a")
		link := func(target, name string) { must(t, os.Symlink(target, filepath.Join(root, name))) }
		link("a.go", "twice.go")
		link(filepath.Join(elsewhere, "outside.txt"), "outside.go")
		link(filepath.Join(elsewhere, "folder"), "folder")
		link(filepath.Join(elsewhere, "folder"), "folder.go")
		link("nowhere", "dangling.go")
		link("nowhere", "dangling")
		link("round.go", "round.go")
		link(".", "self")
		link("/dev/null", "null.go")
		link("/proc/version", "grows.go") // says that it has no bytes, and has
		link("twice.go", "thrice.go")
	},
	"not regular": func(t *testing.T, root string) {
		write(t, root, "folder.go/in.go", "package in")
		fifo(t, root, "fifo.go")
		must(t, os.Symlink("fifo.go", filepath.Join(root, "link.go")))
	},
	"not permitted": func(t *testing.T, root string) {
		write(t, root, "a.go", "package a")
		write(t, root, "secret.go", "package secret")
		write(t, root, "closed/b.go", "package b")
		must(t, os.Chmod(filepath.Join(root, "secret.go"), 0))
		must(t, os.Chmod(filepath.Join(root, "closed"), 0))
		t.Cleanup(func() { os.Chmod(filepath.Join(root, "closed"), 0o700) })
	},
	"strange contents": func(t *testing.T, root string) {
		for i, text := range []string{
			"", "\n", "x", "\x00", "package a\x00b; var c\x00", "\xef\xbb\xbfpackage bom", "package a \xef\xbb\xbf b",
			"\xff\xfe\x80 x \xc3", "/* open", "\"open", "`open", "'", "_ __ _0 ñandú 世界 x\u0301 K", "a\r\nb\rc",
			"//line other.go:7\nx", "/*line :0:0*/x", "//line \x00:99999999999999999999\ny", "#!script\nx", "func type x if",
			strings.Repeat("(", 100000) + "x", strings.Repeat("long", 50000), "0x 1_ 0b2 x1e 1ex",
		} {
			write(t, root, fmt.Sprintf("%d.go", i), text)
		}
	},
	"strange names": func(t *testing.T, root string) {
		for i, name := range []string{
			".go", "..go", "-json.go", " .go", "a b.go", "a\nb.go", "\x01\x1b[2J.go", "\xff\xfe.go", "世界.go", "%s%n.go", "*.go",
			".hidden/a.go", "vendor/a.go", "testdata/a.go", "_x/a.go", "\xff/a.go", "a\n/b.go", strings.Repeat("x", 252) + ".go",
			strings.Repeat("deep/", 200) + "a.go",
		} {
			write(t, root, name, fmt.Sprintf("package a; var name%d int", i))
		}
	},
	"random": func(t *testing.T, root string) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		const alphabet = "abc_XYZ019 \t\n(){}.,;\"'`/*+\\\xc3\xa9\x00"
		random := rand.New(rand.NewPCG(seed, 0))
		for i := range 300 {
			text := make([]byte, int(1)<<random.IntN(16)+random.IntN(100))
			for j := range text {
				text[j] = alphabet[random.IntN(len(alphabet))]
			}
			write(t, root, fmt.Sprintf("%d/%d.go", random.IntN(20), i), string(text))
		}
	},
}

// soup returns Go source of exactly that size.
func soup(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "var name%d = other%d + 1 // comment\n", i%1000, i%77)
	}
	return b.String()[:size]
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, name)
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(text), 0o600))
}

func fifo(t *testing.T, root, name string) {
	t.Helper()
	must(t, syscall.Mkfifo(filepath.Join(root, name), 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// alone is a count made by nothing that the program uses but go/scanner.
type alone struct {
	files, unreadable, bytes, identifiers int64
	counts                                map[string]int64
}

func countAlone(t *testing.T, root string) *alone {
	t.Helper()
	a := &alone{counts: map[string]int64{}}
	a.folder(t, root)
	return a
}

func (a *alone) folder(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		a.unreadable++
		return
	}
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if e.IsDir() {
			a.folder(t, path)
			continue
		}
		if filepath.Ext(e.Name()) != ".go" {
			continue
		}
		info, err := os.Stat(path)
		if err == nil && !info.Mode().IsRegular() {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			a.unreadable++
			continue
		}
		a.file(text)
	}
}

func (a *alone) file(text []byte) {
	a.files++
	a.bytes += int64(len(text))
	files := token.NewFileSet()
	file := files.AddFile("x.go", files.Base(), len(text))
	var s scanner.Scanner
	s.Init(file, bytes.Clone(text), func(token.Position, string) {}, scanner.ScanComments)
	for _, tok, name := s.Scan(); tok != token.EOF; _, tok, name = s.Scan() {
		if tok == token.IDENT {
			a.identifiers++
			a.counts[name]++
		}
	}
}

func (a *alone) compare(t *testing.T, r report) {
	t.Helper()
	got := [...]int64{r.Files, r.Unreadable, r.Bytes, r.Identifiers, r.Distinct}
	want := [...]int64{a.files, a.unreadable, a.bytes, a.identifiers, int64(len(a.counts))}
	if got != want {
		t.Errorf("files, unreadable, bytes, identifiers, distinct are %v, want %v", got, want)
	}
	top := []symbol{}
	for name, n := range a.counts {
		top = append(top, symbol{name, n})
	}
	slices.SortFunc(top, func(x, y symbol) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), strings.Compare(x.Name, y.Name))
	})
	if top = top[:min(20, len(top))]; r.Top == nil || !slices.Equal(r.Top, top) {
		t.Errorf("top is %v, want %v", r.Top, top)
	}
	if r.Seconds <= 0 || r.Messages < r.Files || r.Latency.P50 > r.Latency.P99 || r.Latency.P99 > r.Latency.P999 || r.Files > 0 && r.Latency.P50 <= 0 {
		t.Errorf("figures make no sense: %+v", r)
	}
}
