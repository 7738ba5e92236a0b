import { expect, test } from "vitest";
import { FORMS, emptyContent, fieldOfProblem, formOf, textOf, written, type Form } from "../src/logic/page-forms";
import { codeEn } from "../src/text/code-en";

const contact = formOf("vcard") as Form;

test("what is emptied leaves the content, and what no form knows stays", () => {
  const content = { vCardContent: { first_name: "Ada", x: 1 }, other: true };
  expect(written(content, contact, "email", "a@b.c")).toEqual({ vCardContent: { first_name: "Ada", x: 1, email: "a@b.c" }, other: true });
  expect(written(content, contact, "first_name", "")).toEqual({ vCardContent: { x: 1 }, other: true });
  expect(written(emptyContent("text", "UTC"), FORMS["text"] as Form, "", "hello")).toEqual({ text: "hello" });
});

test("a problem finds its field", () => {
  expect(fieldOfProblem("content.vCardContent.email", contact)).toBe("email");
  expect(fieldOfProblem("content.listOfLinkContent.links[2].url", FORMS["list_links"] as Form)).toBe("links");
  expect(fieldOfProblem("content.text", FORMS["text"] as Form)).toBe("");
  expect(fieldOfProblem("page_design", contact)).toBeNull();
});

test("every field, type and choice has a name", () => {
  for (const [type, form] of Object.entries(FORMS)) {
    expect(codeEn.page.types[type], type).toBeTruthy();
    for (const field of form.fields) {
      expect(codeEn.page.fields[field.name || form.field], `${type}.${field.name}`).toBeTruthy();
      for (const choice of field.choices ?? []) expect(codeEn.page.choices[choice], choice).toBeTruthy();
    }
  }
});

test("an address in parts reads as lines", () => {
  expect(textOf({ street: "14 Quay Street", city: "Bristol", geo: null })).toBe("14 Quay Street\nBristol");
});
