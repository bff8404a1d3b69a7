package proc

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestCoreListIsParsed(t *testing.T) {
	for list, want := range map[string][]int{
		"0":              {0},
		"0-3,8":          {0, 1, 2, 3, 8},
		" 3, 1 ,2-2\n":   {1, 2, 3},
		"5,4-6,5":        {4, 5, 6},
		"8191":           {8191},
		"0-2,1-3,000004": {0, 1, 2, 3, 4},
	} {
		got, err := ParseCoreList(list)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("ParseCoreList(%q): got %v, %v, want %v", list, got, err, want)
		}
	}
}

func TestMalformedCoreListIsReported(t *testing.T) {
	for _, list := range []string{"", ",", "0,", "a", "-1", "1-", "3-1", "1--2", "0 1", "8192", "0-99999999999", "0x1", "1-2-3"} {
		cores, err := ParseCoreList(list)
		if !errors.Is(err, ErrCoreList) {
			t.Errorf("ParseCoreList(%q): got %v, %v, want ErrCoreList", list, cores, err)
		}
	}
}

func TestFormattedCoresParseBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cores := rapid.SliceOfN(rapid.IntRange(0, maxCores-1), 1, 200).Draw(t, "cores")
		if rapid.Bool().Draw(t, "dense") {
			for i := range cores {
				cores[i] %= 64
			}
		}
		before := slices.Clone(cores)
		text := FormatCoreList(cores)
		got, err := ParseCoreList(text)
		want := sortedCores(slices.Clone(cores))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%v formatted as %q parses to %v, %v", want, text, got, err)
		}
		if !slices.Equal(cores, before) {
			t.Fatalf("FormatCoreList changed its argument to %v from %v", cores, before)
		}
	})
}

func TestCoreListIsFormattedInRanges(t *testing.T) {
	for want, cores := range map[string][]int{"": nil, "0": {0}, "1-3,8": {3, 1, 2, 8, 1}, "0-1": {0, 1}} {
		equal(t, "FormatCoreList", FormatCoreList(cores), want)
	}
}

func FuzzParseCoreList(f *testing.F) {
	f.Add("0-3,8")
	f.Add("0-8191,0-8191,0-8191")
	f.Fuzz(func(t *testing.T, list string) {
		cores, err := ParseCoreList(list)
		if err != nil {
			return
		}
		again, err := ParseCoreList(FormatCoreList(cores))
		if err != nil || !slices.Equal(again, cores) {
			t.Errorf("%q parses to %v, formatted and parsed again to %v, %v", list, cores, again, err)
		}
	})
}
