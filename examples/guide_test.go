package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const guide = "../docs/guide.md"

// block is a piece of Go in the guide. Its first line is a comment that names
// the file it is taken from.
var block = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

func TestGuideQuotesTheExamplesAsTheyAre(t *testing.T) {
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	blocks := block.FindAllStringSubmatch(string(text), -1)
	if len(blocks) == 0 {
		t.Fatalf("%s has no Go in it", guide)
	}
	for _, b := range blocks {
		first, code, _ := strings.Cut(b[1], "\n")
		path, ok := strings.CutPrefix(first, "// examples/")
		if !ok || strings.TrimSpace(code) == "" {
			t.Errorf("a block of the guide begins with %q, want a line such as // examples/hello/main.go and code after it", first)
			continue
		}
		source, err := os.ReadFile(filepath.FromSlash(path))
		if err != nil {
			t.Errorf("the guide quotes a file that is not there: %v", err)
		} else if !strings.Contains(unindented(string(source)), unindented(code)) {
			t.Errorf("the guide quotes examples/%s wrongly:\n%s", path, code)
		}
	}
}

// unindented returns code with every line stripped of the white space around it,
// between newlines so that only whole lines match.
func unindented(code string) string {
	stripped := []string{""}
	for line := range strings.Lines(strings.Trim(code, "\n")) {
		stripped = append(stripped, strings.TrimSpace(line))
	}
	return strings.Join(append(stripped, ""), "\n")
}

var (
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	link    = regexp.MustCompile(`\]\(([^)#:]*)(#[^)]*)?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile(`[^a-z0-9 -]`) // from a heading, for its anchor
)

func TestLinksLeadToFilesAndHeadings(t *testing.T) {
	for _, page := range []string{guide, "README.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		anchors := map[string]bool{"": true}
		for _, h := range heading.FindAllStringSubmatch(string(text), -1) {
			anchor := dropped.ReplaceAllString(strings.ToLower(h[1]), "")
			anchors["#"+strings.ReplaceAll(anchor, " ", "-")] = true
		}
		for _, l := range link.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), l[1])); err != nil {
				t.Errorf("%s: link to %s: %v", page, l[1], err)
			}
			if l[1] == "" && !anchors[l[2]] {
				t.Errorf("%s: link to %s, and no heading for it", page, l[2])
			}
		}
	}
}
