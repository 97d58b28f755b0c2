package diff

import (
	"fmt"
	"reflect"
	"strings"
)

// path leads to a value: keys are strings, array indices ints.
type path []any

// String is the path as the engine writes it: metadata.labels["weft.dev/test"], spec.ports[0].port.
func (p path) String() string {
	var s strings.Builder
	for _, step := range p {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&s, "[%d]", step)
		case string:
			switch {
			case strings.ContainsAny(step, `."[]`):
				fmt.Fprintf(&s, `["%s"]`, strings.ReplaceAll(step, `"`, `\"`))
			case s.Len() > 0:
				s.WriteString("." + step)
			default:
				s.WriteString(step)
			}
		}
	}
	return s.String()
}

// pattern is a path that cannot change in place; anyIndex stands for every element of an array.
type pattern []string

const anyIndex = "[*]"

func parsePatterns(texts []string) []pattern {
	patterns := make([]pattern, len(texts))
	for i, text := range texts {
		text = strings.ReplaceAll(text, anyIndex, "."+anyIndex)
		patterns[i] = strings.Split(strings.TrimPrefix(text, "."), ".")
	}
	return patterns
}

// matches is true where the difference lies at or below the pattern, or where the value that comes holds what the
// pattern names.
func (p pattern) matches(at path, value any) bool {
	for i, want := range p {
		if i == len(at) {
			return p[i:].holds(value)
		}
		if !stepMatches(want, at[i]) {
			return false
		}
	}
	return true
}

func (p pattern) holds(value any) bool {
	if len(p) == 0 {
		return true
	}
	switch value := value.(type) {
	case map[string]any:
		inner, ok := value[p[0]]
		return ok && p[1:].holds(inner)
	case []any:
		if p[0] != anyIndex {
			return false
		}
		for _, element := range value {
			if p[1:].holds(element) {
				return true
			}
		}
	}
	return false
}

func stepMatches(want string, step any) bool {
	if _, isIndex := step.(int); isIndex {
		return want == anyIndex
	}
	return want == step
}

// equal compares two values as JSON would: a whole number is the same number whatever its Go type.
func equal(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x == y
	}
	return reflect.DeepEqual(a, b)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}
