package main

import (
	"crypto/x509/pkix"
	"encoding/asn1"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const streetAddresses = "streetAddresses"

// subjectFields are the fields of a subject, under Pulumi's and Terraform's names.
var subjectFields = []struct{ name, terraform string }{
	{"commonName", "common_name"},
	{"country", "country"},
	{"emailAddress", "email_address"},
	{"locality", "locality"},
	{"organization", "organization"},
	{"organizationalUnit", "organizational_unit"},
	{"postalCode", "postal_code"},
	{"province", "province"},
	{"serialNumber", "serial_number"},
	{streetAddresses, "street_address"},
}

var emailAddress = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}

func subjectName(plan resource.PropertyMap) pkix.Name {
	if !plan["subject"].IsObject() {
		return pkix.Name{}
	}
	fields := plan["subject"].ObjectValue()
	list := func(key string) []string {
		if !given(fields, resource.PropertyKey(key)) {
			return nil
		}
		return []string{text(fields, key)}
	}
	name := pkix.Name{
		CommonName:         text(fields, "commonName"),
		Country:            list("country"),
		Locality:           list("locality"),
		Organization:       list("organization"),
		OrganizationalUnit: list("organizationalUnit"),
		PostalCode:         list("postalCode"),
		Province:           list("province"),
		SerialNumber:       text(fields, "serialNumber"),
		StreetAddress:      texts(fields, streetAddresses),
	}
	if given(fields, "emailAddress") {
		name.ExtraNames = []pkix.AttributeTypeAndValue{{
			Type:  emailAddress,
			Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(text(fields, "emailAddress"))},
		}}
	}
	return name
}
