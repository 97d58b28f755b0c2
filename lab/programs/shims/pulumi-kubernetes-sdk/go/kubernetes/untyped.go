package kubernetes

import "reflect"

type UntypedArgs map[string]any

func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
