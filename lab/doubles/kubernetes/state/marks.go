package state

import "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

// MarkSecrets marks in outs what is secret in ins; an array is secret when any of its elements is. The data of a
// Secret is always secret, whatever ins says.
func MarkSecrets(outs, ins resource.PropertyMap) {
	if kind, ok := outs["kind"]; ok && kind.IsString() && kind.StringValue() == "Secret" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if data, ok := outs[key]; ok && !data.IsSecret() {
				outs[key] = resource.MakeSecret(data)
			}
		}
		return
	}
	for key, in := range ins {
		out, ok := outs[key]
		switch {
		case !ok || out.IsSecret():
		case out.IsObject() && in.IsObject():
			MarkSecrets(out.ObjectValue(), in.ObjectValue())
		case in.ContainsSecrets():
			outs[key] = resource.MakeSecret(out)
		}
	}
}

// MarkUnknown makes unknown in outs what is unknown in ins.
func MarkUnknown(outs, ins resource.PropertyMap) {
	for key, in := range ins {
		if out, ok := outs[key]; ok {
			outs[key] = markUnknown(out, in)
		}
	}
}

func markUnknown(out, in resource.PropertyValue) resource.PropertyValue {
	switch {
	case in.IsSecret():
		return markUnknown(out, in.SecretValue().Element)
	case in.IsComputed():
		return Unknown
	case out.IsObject() && in.IsObject():
		MarkUnknown(out.ObjectValue(), in.ObjectValue())
	case out.IsArray() && in.IsArray():
		outs, ins := out.ArrayValue(), in.ArrayValue()
		for i := range min(len(outs), len(ins)) {
			outs[i] = markUnknown(outs[i], ins[i])
		}
	}
	return out
}

// Unknown is a value that only the update will know.
var Unknown = resource.MakeComputed(resource.NewProperty(""))

// HasUnknown is true where any value of an object is unknown.
func HasUnknown(value any) bool {
	switch value := value.(type) {
	case resource.Computed:
		return true
	case map[string]any:
		for _, inner := range value {
			if HasUnknown(inner) {
				return true
			}
		}
	case []any:
		for _, inner := range value {
			if HasUnknown(inner) {
				return true
			}
		}
	}
	return false
}
