"""Measurements beside other frameworks and from several seeds; nothing here is asserted on a clock."""
