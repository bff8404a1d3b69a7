package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// unreadable is a file or a folder that could not be read.
type unreadable struct {
	path string
	err  error
}

// String names it on one line, whatever its name is made of.
func (u unreadable) String() string {
	err := u.err
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err // the path is there already
	}
	return fmt.Sprintf("cannot read %q: %v", u.path, err)
}

// findRoot returns what to walk for a path that was given: the folder that it
// means, even if it is a link, or a Go file.
func findRoot(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", fmt.Errorf("symbols: %v", unreadable{path, err})
	case info.IsDir():
		return filepath.EvalSymlinks(path)
	case info.Mode().IsRegular() && isSource(path):
		return path, nil
	}
	return "", fmt.Errorf("symbols: %q is neither a folder nor a Go file", path)
}

// sources returns the Go files below a root, in lexical order, and what could
// not be looked at. It reports an error if that is the root.
func sources(root string) (files []string, bad []unreadable, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == root:
			return fmt.Errorf("symbols: %v", unreadable{path, err})
		case err != nil:
			bad = append(bad, unreadable{path, err})
			return nil
		case !isSource(path):
			return nil
		}
		mode := d.Type()
		if mode&fs.ModeSymlink != 0 {
			info, err := os.Stat(path)
			if err != nil {
				bad = append(bad, unreadable{path, err})
				return nil
			}
			mode = info.Mode()
		}
		// Nothing else is opened: a FIFO would wait for a writer.
		if mode.IsRegular() {
			files = append(files, path)
		}
		return nil
	})
	return files, bad, err
}

func isSource(path string) bool { return strings.HasSuffix(path, ".go") }
