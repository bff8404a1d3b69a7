package examples

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// golden is what an example is fed and what it must do. Its file has sections:
//
//	-- stdin --
//	-- stdout --                (or: -- stdout in any order --)
//	-- stderr --
//	-- status --
//
// A section left out is empty, and the status 0. Among the lines of output, one
// that begins with "~ " is a regular expression for the whole line, and "..."
// stands for any number of lines.
type golden struct {
	stdin          string
	stdout, stderr []string
	anyOrder       bool // of stdout's lines
	status         int
}

func readGolden(path string) (*golden, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	g, err := parseGolden(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

func parseGolden(text string) (*golden, error) {
	sections := map[string][]string{}
	section := ""
	for _, line := range lines(text) {
		if title, ok := strings.CutPrefix(line, "-- "); ok {
			section = strings.TrimSuffix(title, " --")
			sections[section] = []string{}
			continue
		}
		if section == "" {
			return nil, fmt.Errorf("line %q stands before the first section", line)
		}
		sections[section] = append(sections[section], line)
	}
	g := &golden{}
	for title, body := range sections {
		var err error
		switch title {
		case "stdin":
			g.stdin = strings.Join(body, "\n") + "\n"
		case "stdout", "stdout in any order":
			g.stdout, g.anyOrder = body, title != "stdout"
		case "stderr":
			g.stderr = body
		case "status":
			g.status, err = strconv.Atoi(strings.Join(body, "\n"))
		default:
			err = fmt.Errorf("unknown section %q", title)
		}
		if err != nil {
			return nil, err
		}
	}
	return g, nil
}

// lines splits text into lines; a newline at its end begins no further one.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// compare reports the first difference between what was wanted and what came.
func (g *golden) compare(got result) error {
	stdout := lines(got.stdout)
	if g.anyOrder {
		stdout = arrange(g.stdout, stdout)
	}
	switch {
	case got.status != g.status:
		return fmt.Errorf("exit status %d, want %d", got.status, g.status)
	case !matchLines(g.stdout, stdout):
		return fmt.Errorf("stdout is not\n%s", strings.Join(g.stdout, "\n"))
	case !matchLines(g.stderr, lines(got.stderr)):
		return fmt.Errorf("stderr is not\n%s", strings.Join(g.stderr, "\n"))
	}
	return nil
}

// arrange puts lines into the order of the patterns, those that match none last.
func arrange(patterns, got []string) []string {
	rest := slices.Clone(got)
	var ordered []string
	for _, p := range patterns {
		if i := slices.IndexFunc(rest, func(line string) bool { return matchLine(p, line) }); i >= 0 {
			ordered = append(ordered, rest[i])
			rest = slices.Delete(rest, i, i+1)
		}
	}
	return append(ordered, rest...)
}

func matchLines(patterns, got []string) bool {
	switch {
	case len(patterns) == 0:
		return len(got) == 0
	case patterns[0] == "...":
		return matchLines(patterns[1:], got) || len(got) > 0 && matchLines(patterns, got[1:])
	}
	return len(got) > 0 && matchLine(patterns[0], got[0]) && matchLines(patterns[1:], got[1:])
}

func matchLine(pattern, line string) bool {
	if expression, ok := strings.CutPrefix(pattern, "~ "); ok {
		return regexp.MustCompile("^(?:" + expression + ")$").MatchString(line)
	}
	return pattern == line
}

func TestGoldenTellsDifferencesFromWhatItAllows(t *testing.T) {
	const text = "-- stdin --\nAnn\n-- stdout in any order --\none\n~ t[wv]o\n-- stderr --\nfirst\n...\nlast\n-- status --\n1\n"
	g, err := parseGolden(text)
	if err != nil || g.stdin != "Ann\n" {
		t.Fatalf("parseGolden = %+v, %v", g, err)
	}
	good := result{"two\none\n", "first\nx\ny\nlast\n", 1}
	if err := g.compare(good); err != nil {
		t.Errorf("%+v: %v", good, err)
	}
	for _, bad := range []result{
		{"two\none\n", "first\nlast\n", 0},
		{"two\none\none\n", "first\nlast\n", 1},
		{"one\n", "first\nlast\n", 1},
		{"one\ntwoo\n", "first\nlast\n", 1},
		{"one\ntwo\n", "first\nlast\nmore\n", 1},
		{"one\ntwo\n", "", 1},
	} {
		if g.compare(bad) == nil {
			t.Errorf("%+v passed as %q", bad, text)
		}
	}
}
