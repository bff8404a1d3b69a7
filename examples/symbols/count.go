package main

import (
	"fmt"
	"go/scanner"
	"go/token"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// table counts identifiers by name.
type table map[string]int64

// scan adds the identifiers of a file and returns how many there are. It does
// not keep src, nor write to it.
func (t table) scan(src []byte) int64 {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(src)), src, nil, 0)
	var n int64
	for {
		switch _, tok, name := s.Scan(); tok {
		case token.IDENT:
			t[name]++
			n++
		case token.EOF:
			return n
		}
	}
}

// part is a piece of a table as it travels: the names, one on each line, and the
// counts in the same order. A string and a slice of numbers cost gob a fraction
// of what a map does, and the names that a reader cuts out of the string are no
// allocations of their own.
type part struct {
	Names  string
	Counts []int64
}

// partSize is how many bytes of names make a part: little enough for any table
// to get past the limit for messages, and for its receiver to begin early.
const partSize = 64 << 10

// parts cuts the table into pieces.
func (t table) parts() iter.Seq[part] {
	return func(yield func(part) bool) {
		var names []byte
		var counts []int64
		for name, n := range t {
			names = append(append(names, name...), '\n')
			counts = append(counts, n)
			if len(names) >= partSize {
				if !yield(part{string(names), counts}) {
					return
				}
				names, counts = names[:0], nil
			}
		}
		if len(counts) > 0 {
			yield(part{string(names), counts})
		}
	}
}

// add adds a part of a table.
func (t table) add(p part) {
	rest := p.Names
	for _, n := range p.Counts {
		var name string
		name, rest, _ = strings.Cut(rest, "\n")
		t[name] += n
	}
}

// count is the whole job in one process, without any of the engine.
func count(root string) (sum totals, words table, err error) {
	files, bad, err := sources(root)
	if err != nil {
		return totals{}, nil, err
	}
	words = table{}
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			bad = append(bad, unreadable{path, err})
			continue
		}
		sum.Files++
		sum.Bytes += int64(len(src))
		sum.Identifiers += words.scan(src)
	}
	sum.Unreadable = int64(len(bad))
	return sum, words, nil
}

// check counts again and returns an error that names each difference.
func check(root string, got totals, found table, stderr io.Writer) error {
	start := time.Now()
	want, words, err := count(root)
	if err != nil {
		return err
	}
	took := time.Since(start)
	if list := differences(want, got, words, found); len(list) > 0 {
		return fmt.Errorf("symbols: check: %d differences to a count in one process:\n  %s", len(list), strings.Join(list, "\n  "))
	}
	fmt.Fprintf(stderr, "check: one process counted the same in %.2f s\n", took.Seconds())
	return nil
}

// differences compares two counts, one line for each difference.
func differences(wantSum, gotSum totals, want, got table) []string {
	var list []string
	note := func(what string, want, got int64) {
		if want != got {
			list = append(list, fmt.Sprintf("%s: %d, one process counts %d", what, got, want))
		}
	}
	note("files", wantSum.Files, gotSum.Files)
	note("unreadable", wantSum.Unreadable, gotSum.Unreadable)
	note("bytes", wantSum.Bytes, gotSum.Bytes)
	note("identifiers", wantSum.Identifiers, gotSum.Identifiers)
	all := maps.Clone(want)
	maps.Copy(all, got)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		note("identifier "+name, want[name], got[name])
	}
	return list
}
