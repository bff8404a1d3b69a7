package docs_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeShowsTheTourAsItIs keeps the README's program and examples/tour in
// step: what a newcomer reads first is code that CI runs.
func TestReadmeShowsTheTourAsItIs(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("../examples/tour/main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```go\n")
	shown, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("README.md has no Go program")
	}
	if _, code, _ := strings.Cut(string(program), "package main"); shown != "package main"+code {
		t.Errorf("the program in README.md differs from examples/tour/main.go; copy one over the other")
	}
}

// TestReadmeNamesTwoCommands holds the promise of the set-up section.
func TestReadmeNamesTwoCommands(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, setUp, _ := strings.Cut(string(readme), "## Set up")
	setUp, _, _ = strings.Cut(setUp, "\n## ")
	var commands []string
	for line := range strings.Lines(setUp) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	if strings.Join(commands, "; ") != "make run; make test" {
		t.Errorf("the set-up section names %q, want exactly make run and make test", commands)
	}
}
