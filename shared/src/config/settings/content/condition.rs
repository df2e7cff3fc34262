//! What `route-if` can ask: `condition:arguments`.

use std::net::IpAddr;

use crate::pattern;
use crate::settings::content::routes::{Condition, Kind, Order, Relation, Template};

use super::template;

/// Reads a condition.
pub(super) fn read(text: &str) -> Result<Condition, String> {
    let (name, arguments) = text
        .split_once(':')
        .ok_or_else(|| format!("expected a condition such as \"equal:a;b\", found {text:?}"))?;
    let two = || -> Result<(Template, &str), String> {
        let (left, right) = arguments
            .split_once(';')
            .ok_or_else(|| format!("expected {name}:one;other, found {text:?}"))?;
        Ok((template::read(left)?, right))
    };
    let texts = |relation| {
        let (left, right) = two()?;
        Ok(Condition::Texts(relation, left, template::read(right)?))
    };
    let numbers = |order| {
        let (left, right) = two()?;
        Ok(Condition::Numbers(order, left, template::read(right)?))
    };
    let path = |kind| Ok(Condition::Path(kind, template::read(arguments)?));
    match name {
        "equal" | "isequal" | "eq" | "==" => texts(Relation::Equal),
        "startswith" => texts(Relation::StartsWith),
        "endswith" => texts(Relation::EndsWith),
        "contains" | "contain" => texts(Relation::Contains),
        "ishigher" | ">" => numbers(Order::Higher),
        "ishigherequal" | ">=" => numbers(Order::HigherOrEqual),
        "islower" | "<" => numbers(Order::Lower),
        "islowerequal" | "<=" => numbers(Order::LowerOrEqual),
        "empty" => Ok(Condition::Empty(template::read(arguments)?)),
        "exists" => path(Kind::Any),
        "isfile" => path(Kind::File),
        "isdir" => path(Kind::Directory),
        "islink" => path(Kind::Link),
        "isexec" => path(Kind::Executable),
        "regexp" | "re" => {
            let (subject, expression) = two()?;
            pattern::compile(expression)?;
            Ok(Condition::Found(subject, expression.to_owned()))
        }
        "ipv4in" | "ipv6in" => {
            let (address, network) = two()?;
            if !is_network(network, name == "ipv4in") {
                return Err(format!(
                    "expected an address or network such as 10.0.0.0/8, found {network:?}"
                ));
            }
            Ok(Condition::Within(address, network.to_owned()))
        }
        "lord" => Err("the condition lord is refused: there is no legion here".into()),
        "incache" => Err("the condition incache is refused: there is no cache here".into()),
        _ => Err(format!(
            "expected equal, startswith, endswith, contains, empty, regexp, exists, isfile, isdir, \
             islink, isexec, ishigher, islower, ipv4in or ipv6in, found {name:?}"
        )),
    }
}

fn is_network(text: &str, v4: bool) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(a, bits)| (a, Some(bits)));
    let most = if v4 { 32 } else { 128 };
    address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4() == v4)
        && bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= most))
}
