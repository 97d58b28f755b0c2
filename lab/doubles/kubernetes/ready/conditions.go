package ready

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// conditions are those of the annotation pulumi.com/waitFor: "condition=Ready", "jsonpath={.status.phase}=Running", or
// a JSON array of such. All must hold.
type conditions []rule

func (c conditions) hold(obj *unstructured.Unstructured) (bool, []string) {
	var reasons []string
	for _, holds := range c {
		if ok, why := holds(obj); !ok {
			reasons = append(reasons, why...)
		}
	}
	return len(reasons) == 0, reasons
}

func parseConditions(annotation string) (conditions, error) {
	var expressions []string
	if err := json.Unmarshal([]byte(annotation), &expressions); err != nil {
		expressions = []string{annotation}
	}
	if len(expressions) == 0 {
		return nil, fmt.Errorf("at least one condition must be specified")
	}
	var parsed conditions
	for _, expression := range expressions {
		condition, err := parseCondition(expression)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, condition)
	}
	return parsed, nil
}

func parseCondition(expression string) (rule, error) {
	if typed, ok := strings.CutPrefix(expression, "condition="); ok {
		kind, want, explicit := strings.Cut(typed, "=")
		if !explicit {
			want = "True"
		}
		return func(obj *unstructured.Unstructured) (bool, []string) {
			found := condition(obj, kind)
			status, _ := found["status"].(string)
			if strings.EqualFold(status, want) && !outdated(obj, found) {
				return true, nil
			}
			return false, []string{explain(fmt.Sprintf("Waiting for condition %s=%s", kind, want), found)}
		}, nil
	}
	if path, ok := strings.CutPrefix(expression, "jsonpath="); ok {
		return parseJSONPath(path)
	}
	return nil, fmt.Errorf(`expected a "jsonpath=" or "condition=" prefix, got %q`, expression)
}

// outdated is true for a condition that tells of the object before its last change.
func outdated(obj *unstructured.Unstructured, condition map[string]any) bool {
	observed, ok := condition["observedGeneration"].(int64)
	if !ok {
		var err error
		if observed, ok, err = unstructured.NestedInt64(obj.Object, "status", "observedGeneration"); err != nil {
			return false
		}
	}
	return ok && observed < obj.GetGeneration()
}

func parseJSONPath(expression string) (rule, error) {
	path, want, hasValue := strings.Cut(expression, "}=")
	if hasValue {
		path += "}"
	}
	parsed := jsonpath.New("waitFor")
	if err := parsed.Parse(path); err != nil {
		return nil, err
	}
	want = strings.Trim(want, `"'`)
	return func(obj *unstructured.Unstructured) (bool, []string) {
		waiting := []string{"Waiting for " + expression}
		found, err := parsed.FindResults(obj.Object)
		if err != nil || len(found) == 0 || len(found[0]) == 0 {
			return false, waiting
		}
		if hasValue && fmt.Sprint(found[0][0].Interface()) != want {
			return false, waiting
		}
		return true, nil
	}, nil
}
